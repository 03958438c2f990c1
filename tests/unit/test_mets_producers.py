"""METS in the shapes of its producers, made here: every habit that their real files have."""

from __future__ import annotations

from unit.mets_build import (
    A,
    B,
    amd,
    codes,
    div,
    file,
    files,
    folder,
    fptr,
    item,
    mets,
    only,
    parse,
    premis,
    structmap,
    tech,
)


def test_eprints_a_wrapper_premis_without_xmldata_and_mods_without_a_record() -> None:
    inner = mets(
        '<mets:dmdSec ID="DMD_1"><mets:mdWrap MDTYPE="MODS"><mets:xmlData>'
        "<mods:titleInfo><mods:title>Letters</mods:title></mods:titleInfo>"
        "<mets:recordInfo><mets:recordIdentifier>1</mets:recordIdentifier></mets:recordInfo>"
        "</mets:xmlData></mets:mdWrap></mets:dmdSec>",
        '<mets:amdSec ID="AMD_1"><mets:techMD ID="AMD_1_1">'
        f'<mets:mdWrap MDTYPE="OTHER" MIMETYPE="text/xml">{premis(size=7)}</mets:mdWrap>'
        '</mets:techMD><mets:techMD ID="AMD_1_2"><mets:mdWrap MDTYPE="OTHER">'
        + premis(digest="d" * 32, algorithm="MD5", size=8)
        + "</mets:mdWrap></mets:techMD></mets:amdSec>",
        files(
            file("F1", "objects/1.jpg", 'ADMID="AMD_1_1" MIMETYPE="image/jpeg" SIZE="7"'),
            file("F2", "objects/2.jpg", 'ADMID="AMD_1_2" MIMETYPE="image/jpeg" SIZE="9"'),
        ),
        structmap(
            div(div(fptr("F1")), div(fptr("F2")), attributes='DMDID="DMD_1" ADMID="AMD_1"'),
            kind=None,
        ),
    )
    found = parse(f'<?xml version="1.0"?><mets-objects>{inner}{mets()}</mets-objects>')
    assert found.title == "Letters"
    first, second = found.files
    assert (first.path, first.digest, first.size, first.name) == ("objects/1.jpg", A, 7, None)
    assert (second.path, second.digest, second.size) == ("objects/2.jpg", None, 8)
    assert sorted(codes(found)) == ["several-mets", "size-conflict"]


def test_goobi_logical_first_admid_on_the_div_and_a_sha1_called_sha256() -> None:
    found = parse(
        mets(
            '<mets:dmdSec ID="DMDLOG"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
            "<mods:name><mods:namePart>Council</mods:namePart></mods:name>"
            "<mods:relatedItem><mods:titleInfo><mods:title>Series</mods:title></mods:titleInfo>"
            '</mods:relatedItem><mods:titleInfo type="alternative"><mods:title>Other</mods:title>'
            "</mods:titleInfo><mods:titleInfo><mods:title>[Report] /</mods:title></mods:titleInfo>"
            '<mods:accessCondition type="dz">CC-BY</mods:accessCondition>'
            '<mods:accessCondition type="status">Open</mods:accessCondition>'
            '<mods:accessCondition type="use and reproduction">no uri</mods:accessCondition>'
            '<mods:accessCondition type="use and reproduction">https://r.example/InC/'
            "</mods:accessCondition></mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>",
            '<mets:dmdSec ID="DMDPHYS"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
            "<mods:originInfo/></mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>",
            amd("AMD", tech("AMD_1", premis(digest="6" * 40, size=5)), tech("AMD_2", premis())),
            "<mets:fileSec>"
            f'<mets:fileGrp USE="ALTO">{file("T1", "alto/1.xml")}{file("T2", "alto/2.xml")}'
            "</mets:fileGrp>"
            f'<mets:fileGrp USE="OBJECTS">{file("I1", "objects/1.jp2")}'
            f"{file('I2', 'objects/2.jp2')}</mets:fileGrp></mets:fileSec>",
            structmap(div(attributes='ADMID="AMD" DMDID="DMDLOG" LABEL="R"'), kind="LOGICAL"),
            structmap(
                div(
                    div(fptr("T1"), fptr("I1"), attributes='ADMID="AMD_1" ORDERLABEL="i"'),
                    div(fptr("I2"), fptr("T2"), attributes='ADMID="AMD_2" LABEL="two"'),
                    attributes='TYPE="physSequence" DMDID="DMDPHYS"',
                )
            ),
        )
    )
    assert found.title == "[Report] /"
    assert found.access_conditions == ("Open",)
    assert found.rights_statement == "https://r.example/InC/"
    assert [(f.path, f.size, f.digest, f.name) for f in found.files] == [
        ("alto/1.xml", None, None, None),
        ("objects/1.jp2", 5, None, None),
        ("objects/2.jp2", 1, A, None),
        ("alto/2.xml", None, None, None),
    ]
    assert codes(found) == ["digest-not-sha256"]
    assert found.warnings[0].found == "6" * 40


def test_archivematica_bom_local_namespaces_several_techmd_and_deleted_files() -> None:
    def local(digest: str, original: str) -> str:
        return (
            '<p:object xmlns:p="http://www.loc.gov/premis/v3" xsi:type="p:file" version="3.0">'
            "<p:objectCharacteristics><p:compositionLevel>0</p:compositionLevel><p:fixity>"
            "<p:messageDigestAlgorithm>SHA-256</p:messageDigestAlgorithm>"
            f"<p:messageDigest>{digest}</p:messageDigest></p:fixity><p:size>3</p:size><p:format>"
            "<p:formatDesignation><p:formatName>Text</p:formatName><p:formatVersion/>"
            "</p:formatDesignation></p:format><p:objectCharacteristicsExtension><fits>"
            "<size>99</size><p:size>98</p:size></fits></p:objectCharacteristicsExtension>"
            f"</p:objectCharacteristics><p:originalName>{original}</p:originalName></p:object>"
        )

    events = "".join(
        f'<mets:digiprovMD ID="ev{n}"><mets:mdWrap MDTYPE="PREMIS:EVENT"><mets:xmlData>'
        "<premis:event><premis:eventType>ingestion</premis:eventType></premis:event>"
        "</mets:xmlData></mets:mdWrap></mets:digiprovMD>"
        for n in range(30)
    )
    document = mets(
        '<mets:metsHdr CREATEDATE="2024-03-15T14:35:00"/>',
        amd(
            "amdSec_1",
            tech("t1", local("1" * 64, "old"), 'STATUS="superseded" CREATED="2025-01-01T00:00:00"'),
            tech("t2", local("2" * 64, "older"), 'CREATED="2023-01-01T00:00:00"'),
            tech("t3", local(A, "%transferDirectory%objects/a b"), 'CREATED="2024-01-01T00:00:00"'),
            events,
        ),
        '<mets:fileSec><mets:fileGrp USE="original">'
        + file("f1", "objects/a_b.txt", 'GROUPID="G" ADMID="amdSec_1"')
        + '</mets:fileGrp><mets:fileGrp USE="deleted">'
        + file("f2", None)
        + "</mets:fileGrp></mets:fileSec>",
        structmap(
            folder(
                "PKG",
                folder("objects", item("f1", "a_b.txt"), div(fptr("f2"))),
                folder("empty"),
            ),
            kind="physical",
        ),
    )
    found = parse(b"\xef\xbb\xbf" + document.encode())
    described = only(found)
    assert (described.digest, described.size, described.format_name) == (A, 3, "Text")
    assert described.original_name == "%transferDirectory%objects/a b"
    assert described.name == "a_b.txt"
    assert found.title is None
    assert not found.editable
    assert sorted(codes(found)) == ["file-without-location", "folder-guessed"]
    assert [(f.path, f.name, f.guessed) for f in found.folders] == [
        ("objects", "objects", False),
        ("empty", "empty", True),
    ]


def test_premis_2_and_a_premis_root_element() -> None:
    old = (
        '<premis xmlns="info:lc/xmlns/premis-v2"><object xsi:type="file"><objectCharacteristics>'
        "<fixity><messageDigestAlgorithm>MD5</messageDigestAlgorithm>"
        f"<messageDigest>{'c' * 32}</messageDigest></fixity>"
        "<fixity><messageDigestAlgorithm>sha256</messageDigestAlgorithm>"
        f"<messageDigest>{A.upper()}</messageDigest></fixity><size> 12 </size><format>"
        "<formatDesignation><formatName>PDF</formatName></formatDesignation></format><format>"
        "<formatDesignation><formatName>Acrobat</formatName></formatDesignation><formatRegistry>"
        "<formatRegistryName>pronom</formatRegistryName><formatRegistryKey>fmt/276"
        "</formatRegistryKey></formatRegistry></format></objectCharacteristics></object></premis>"
    )
    found = only(
        parse(
            mets(
                amd("A", tech("T", old)),
                files(file("F", "a.pdf", 'ADMID="A"')),
                structmap(div(fptr("F"))),
            )
        )
    )
    assert (found.digest, found.size) == (A, 12)
    assert (found.pronom_key, found.format_name) == ("fmt/276", "Acrobat")


def test_platform_ids_with_spaces_also_in_lists_and_collapsed() -> None:
    found = parse(
        mets(
            amd("ADM_my file.pdf", tech("TECH_my file.pdf", premis(digest=A))),
            amd("ADM_two  spaces", tech("TECH_2", premis(digest=B))),
            amd("other", tech("TECH_3", premis(digest=None, size=None))),
            amd("ADM_my", tech("TECH_4", premis(digest="c" * 64))),
            files(
                file("FILE_my file.pdf", "my file.pdf", 'ADMID="ADM_my file.pdf"'),
                file("FILE_two  spaces", "two  spaces", 'ADMID="ADM_two spaces"'),
                file("F3", "three", 'ADMID="other ADM_my file.pdf missing"'),
            ),
            structmap(item("FILE_my file.pdf"), item("FILE_two spaces"), item("F3")),
        )
    )
    assert [(f.path, f.digest) for f in found.files] == [
        ("my file.pdf", A),
        ("two  spaces", B),
        ("three", A),
    ]
    assert codes(found) == ["unresolved-admid"]
    assert found.warnings[0].found == "missing"
    assert found.untied == ()


def test_eark_pointers_to_file_groups_and_no_premis() -> None:
    found = parse(
        mets(
            "<mets:fileSec>"
            '<mets:fileGrp ID="uuid-g" USE="Documentation">'
            + file("u1", "./data/x", f'CHECKSUM="{A}" CHECKSUMTYPE="SHA-256" SIZE="0"')
            + f"<mets:fileGrp>{file('u2', 'file:data/y')}</mets:fileGrp></mets:fileGrp>"
            "</mets:fileSec>",
            structmap(
                div(
                    div(fptr("uuid-g"), attributes='LABEL="Documentation"'),
                    '<mets:div><mets:mptr xlink:href="representations/r1/METS.xml"/></mets:div>',
                    attributes='LABEL="CSIP"',
                )
            ),
        )
    )
    assert [(f.path, f.digest, f.size, f.name) for f in found.files] == [
        ("data/x", A, 0, None),
        ("data/y", None, None, None),
    ]
    assert codes(found) == ["points-elsewhere"]


def test_areas_in_seq_and_par_and_old_xlink() -> None:
    found = parse(
        '<METS:mets xmlns:METS="http://www.loc.gov/METS/" xmlns:x="http://www.w3.org/TR/xlink">'
        '<METS:fileSec><METS:fileGrp><METS:file ID="A"><METS:FLocat x:href="a.tif"/></METS:file>'
        '<METS:file ID="B"><METS:FLocat LOCTYPE="HANDLE" x:href="hdl:1/2"/>'
        '<METS:FLocat LOCTYPE="OTHER" x:href="b.xml"/></METS:file></METS:fileGrp></METS:fileSec>'
        '<METS:structMap><METS:div LABEL="page"><METS:fptr><METS:par><METS:area FILEID="A"/>'
        '<METS:seq><METS:area FILEID="B"/><METS:area FILEID="A"/></METS:seq></METS:par>'
        "</METS:fptr></METS:div></METS:structMap></METS:mets>"
    )
    assert [(f.path, f.name) for f in found.files] == [("a.tif", None), ("b.xml", None)]
    assert found.untied == ()


def test_logical_only_and_embedded_content() -> None:
    found = parse(
        mets(
            files(
                file("F", "a.txt"),
                '<mets:file ID="E"><mets:FContent><mets:xmlData>'
                f"{file('X', 'not/a/file')}</mets:xmlData></mets:FContent></mets:file>",
            ),
            structmap(kind="logical"),
            structmap(div(fptr("F"), fptr("E")), kind="logical"),
        )
    )
    assert only(found).path == "a.txt"
    assert codes(found) == ["file-without-location"]


def test_an_anchor_with_no_files_is_no_error() -> None:
    found = parse(
        mets(
            structmap(
                '<mets:div><mets:mptr xlink:href="https://x.example/v1.xml"/></mets:div>',
                kind="LOGICAL",
            ),
            attributes='LABEL="Volumes"',
        )
    )
    assert (found.files, found.untied, found.title) == ((), (), "Volumes")
    assert found.warnings[0].path == "https://x.example/v1.xml"


def test_older_platform_files_have_the_title_in_mods_name() -> None:
    found = parse(
        mets(
            "<mets:metsHdr><mets:agent><mets:name>University of Leeds Digital Library "
            "Infrastructure Project</mets:name></mets:agent><mets:agent><mets:name>Someone"
            "</mets:name></mets:agent></mets:metsHdr>"
            '<mets:dmdSec ID="D"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
            "<mods:name>as-test-4</mods:name></mods:mods></mets:xmlData></mets:mdWrap>"
            "</mets:dmdSec>"
        )
    )
    assert found.title == "as-test-4"
    assert found.editable


def test_dublin_core_gives_the_title_where_mods_does_not() -> None:
    found = parse(
        mets(
            '<mets:dmdSec ID="D"><mets:mdWrap MDTYPE="DC"><mets:xmlData>'
            '<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"> Maps </dc:title>'
            "</mets:xmlData></mets:mdWrap></mets:dmdSec>",
            attributes='LABEL="label"',
        )
    )
    assert found.title == "Maps"


def test_other_encodings() -> None:
    text = mets(files(file("F", "résumé.pdf")), structmap(div(fptr("F"))))
    for encoding in ("iso-8859-1", "windows-1252", "utf-16", "ISO-8859-15", "UTF-8"):
        declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
        assert only(parse(declared.encode(encoding))).path == "résumé.pdf"


def test_a_default_namespace_comments_and_instructions() -> None:
    text = mets(
        amd("A", tech("T", premis())),
        "<!-- c --><?pi x?>",
        files(file("F", "a", 'ADMID="A"')),
        structmap("<?pi?>", div("<!--x-->", fptr("F"))),
    )
    for prefixed, plain in (("<mets:", "<"), ("</mets:", "</"), ("xmlns:mets=", "xmlns=")):
        text = text.replace(prefixed, plain)
    assert only(parse(text)).digest == A
