import com.fasterxml.jackson.databind.ObjectMapper;
import io.ocfl.api.OcflOption;
import io.ocfl.api.OcflRepository;
import io.ocfl.api.model.ObjectVersionId;
import io.ocfl.api.model.ValidationIssue;
import io.ocfl.api.model.VersionInfo;
import io.ocfl.core.OcflRepositoryBuilder;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Security;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Lets ocfl-java judge every object of storage roots, or write files into them.
 *
 * <p>Each line that comes in asks for one thing, {@code ["validate", ROOT, WORK]} or {@code ["write",
 * ROOT, WORK, ID, LOGICAL_PATH, TEXT]}, and gets one line of JSON back: {@code {"answer": …}}, or
 * {@code {"failed": STACK_TRACE}}. Nothing is kept from one to the next. What the answers mean is left
 * to peer.py beside this folder.
 */
public final class Judge {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Judge() {}

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.writeBytes(JSON.writeValueAsBytes(answer(JSON.readValue(line, String[].class))));
            System.out.write('\n');
            System.out.flush();
        }
    }

    private static Map<String, Object> answer(String[] asked) {
        try {
            OcflRepository repository = new OcflRepositoryBuilder()
                    .storage(storage -> storage.fileSystem(Path.of(asked[1])))
                    .workDir(Path.of(asked[2]))
                    .ignoreUnsupportedExtensions(Set.of("strongroom-staging", "rocfl-staging"))
                    .build();
            try {
                switch (asked[0]) {
                    case "validate":
                        return Map.of("answer", validate(repository));
                    case "write":
                        return Map.of("answer", write(repository, asked[3], asked[4], asked[5]));
                    default:
                        throw new IllegalArgumentException(asked[0]);
                }
            } finally {
                repository.close();
            }
        } catch (Throwable failure) {
            var trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            return Map.of("failed", trace.toString());
        }
    }

    private static Map<String, Object> validate(OcflRepository repository) {
        Map<String, Object> objects = new LinkedHashMap<>();
        try (var ids = repository.listObjectIds()) {
            ids.forEach(id -> {
                var found = repository.validateObject(id, true);
                objects.put(
                        id,
                        Map.of("errors", issues(found.getErrors()), "warnings", issues(found.getWarnings())));
            });
        }
        return objects;
    }

    private static List<List<String>> issues(List<ValidationIssue> issues) {
        return issues.stream()
                .map(issue -> List.of(issue.getCode().toString(), issue.getMessage()))
                .toList();
    }

    private static Map<String, Object> write(
            OcflRepository repository, String id, String path, String text) {
        var info = new VersionInfo()
                .setUser("Jo", "mailto:jo@example.org")
                .setMessage("by ocfl-java");
        var version = repository.updateObject(
                ObjectVersionId.head(id),
                info,
                updater -> updater.writeFile(
                        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                        path,
                        OcflOption.OVERWRITE));
        return Map.of("version", version.getVersionNum().toString());
    }
}
