"""What is said of pictures, in a record and in sentences."""

from cnnrepro.data.folder.findings import NAMED, Findings, sentences, short_name, similar, some


def test_nothing_to_say_is_nothing_in_a_record():
    assert Findings().to_dict() == {}
    assert sentences({"name": "mnist_5k", "sizes": {}}) == []


def test_names_are_bounded_and_counts_are_not():
    findings = Findings(left_out={"in a format that is not read (.heic)": tuple(f"a/{n}.heic" for n in range(250))})
    entry = findings.to_dict()["left_out"]["in a format that is not read (.heic)"]
    assert (entry["count"], len(entry["names"])) == (250, NAMED)
    assert sentences(findings.to_dict()) == [
        "Left out: 250 in a format that is not read (.heic): a/0.heic, a/1.heic, a/2.heic, a/3.heic, a/4.heic and 245 "
        "more."
    ]


def test_records_of_earlier_versions_are_spoken_of_too():
    earlier = {"skipped": 120, "skipped_pictures": [{"picture": "a/1.jpg", "reason": "is empty"}]}
    assert sentences(earlier) == ["Left out: 120 could not be read: a/1.jpg and 119 more."]


def test_names_that_differ_in_what_is_hardly_seen():
    names = ("A", "a", "caf\u00e9", "cafe\u0301", "cats", "cat\u200bs", "dog", "dogs", "un do", "un_do")
    assert similar(names) == (("A", "a"), ("caf\u00e9", "cafe\u0301"), ("cats", "cat\u200bs"), ("un do", "un_do"))
    assert sentences(Findings(similar_classes=similar(names[2:4])).to_dict()) == [
        "Taken as different classes, though their names are much alike: 'caf\\xe9' and 'cafe\\u0301'."
    ]


def test_a_name_cannot_break_a_line_or_colour_a_terminal():
    names = ("a\nb.heic", "\x1b[31m.heic", "\udcff.heic", "\u202egpj.heic", "ü 漢.heic")
    assert some(names) == r"a\nb.heic, \x1b[31m.heic, \udcff.heic, \u202egpj.heic, ü 漢.heic"


def test_names_from_a_table_do_not_tell_where_the_user_keeps_them():
    assert short_name("/home/someone/pictures/cat/1.jpg") == "…/cat/1.jpg"
    assert short_name("cat/1.jpg") == "cat/1.jpg"
