import com.fasterxml.jackson.databind.ObjectMapper;
import io.ocfl.api.OcflOption;
import io.ocfl.api.OcflRepository;
import io.ocfl.api.model.ObjectVersionId;
import io.ocfl.api.model.ValidationIssue;
import io.ocfl.api.model.VersionInfo;
import io.ocfl.core.OcflRepositoryBuilder;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Security;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Lets ocfl-java judge every object of a storage root, or write a file into one.
 *
 * <p>Prints one JSON document; whatever goes wrong ends it with a stack trace and status 1. What the
 * answers mean is left to peer.py beside this folder.
 */
public final class Judge {
    private Judge() {}

    /** Arguments: {@code validate ROOT WORK}, or {@code write ROOT WORK ID LOGICAL_PATH TEXT}. */
    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        OcflRepository repository = new OcflRepositoryBuilder()
                .storage(storage -> storage.fileSystem(Path.of(args[1])))
                .workDir(Path.of(args[2]))
                .ignoreUnsupportedExtensions(Set.of("strongroom-staging", "rocfl-staging"))
                .build();
        Object answer;
        switch (args[0]) {
            case "validate":
                answer = validate(repository);
                break;
            case "write":
                answer = write(repository, args[3], args[4], args[5]);
                break;
            default:
                throw new IllegalArgumentException(args[0]);
        }
        repository.close();
        System.out.writeBytes(new ObjectMapper().writeValueAsBytes(answer));
        System.out.flush();
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
