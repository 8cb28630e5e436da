import os

import pytest
from PIL import Image

from cnnrepro.data.folder.find_pictures import find_pictures
from cnnrepro.errors import UsageError


@pytest.fixture
def make(tmp_path):
    """Makes files of one byte; source opens none of them."""

    def files(*names: str):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        return tmp_path

    return files


@pytest.fixture
def table(make):
    """Writes a CSV file beside a.jpg, b.png and "c, d.jpg"; bytes or text."""

    def write(content: str | bytes):
        root = make("a.jpg", "b.png", "c, d.jpg", "in/1.jpg")
        path = root / "list.CSV"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def seen(source) -> list[tuple[str, str, str | None]]:
    return [
        (name, source.classes[y], split)
        for name, y, split in zip(source.names, source.labels, source.splits, strict=True)
    ]


def test_folder_of_classes_at_any_depth_and_sorted(make):
    root = make(
        "cat/z.JPG", "cat/deep/er/a b.jpeg", "ant/{ü}.PnG", "ant/x.webp", "cat/notes.txt", "README.md", "top.jpg"
    )
    make("ant/.hidden.jpg", ".git/x.jpg")
    (root / "zoo").mkdir()
    source = find_pictures(str(root))
    assert source.classes == ("ant", "cat")
    assert seen(source) == [
        ("ant/x.webp", "ant", None),
        ("ant/{ü}.PnG", "ant", None),
        ("cat/deep/er/a b.jpeg", "cat", None),
        ("cat/z.JPG", "cat", None),
    ]
    assert all(source.read(position) for position in range(len(source)))


def test_order_does_not_depend_on_the_order_of_the_folder(make, monkeypatch):
    root = make("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/c/1.jpg")
    before = find_pictures(root)
    scandir = os.scandir

    class Backwards(list):
        def __init__(self, folder):
            with scandir(folder) as entries:
                super().__init__(sorted(entries, key=lambda entry: entry.name))

        def __next__(self):
            if not self:
                raise StopIteration
            return self.pop()

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    after = find_pictures(root)
    assert (after.names, after.digest) == (before.names, before.digest)


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize(("other", "split"), [("val", "validation"), ("valid", "validation"), ("testing", "test")])
def test_split_folders(make, train, other, split):
    root = make(f"{train}/a/1.jpg", f"{train}/b/1.jpg", f"{other}/b/x/1.jpg", f"{train}/loose.jpg")
    (root / other / "a").mkdir()
    source = find_pictures(root)
    assert sorted(seen(source)) == sorted(
        [(f"{train}/a/1.jpg", "a", "train"), (f"{train}/b/1.jpg", "b", "train"), (f"{other}/b/x/1.jpg", "b", split)]
    )


def test_a_class_may_be_called_train(make):
    assert find_pictures(make("bus/1.jpg", "train/1.jpg")).classes == ("bus", "train")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a.jpg", "b.jpg"), "No class folder with pictures in .*. Make one sub-folder"),
        (("a/x.txt", "b/y.txt"), "No class folder with pictures"),
        (("cat/1.jpg", "dog/1.txt"), "only one class, 'cat'; two classes are needed. Make one sub-folder"),
        (("test/a/1.jpg", "val/b/1.jpg"), "has test, val but no folder train"),
        (("train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg"), "to train on for the class c: .* validation or test"),
        (("train/a/1.jpg", "val/a/1.jpg", "valid/b/1.jpg"), "names a split twice: train, val, valid"),
        (("train/a/1.jpg", "test/a/1.jpg", "extra/b/1.jpg"), "the splits test, train and beside them extra"),
    ],
)
def test_layouts_that_are_refused(make, names, sentence):
    with pytest.raises(UsageError, match=sentence):
        find_pictures(make(*names))


@pytest.mark.parametrize(
    "name", ["__MACOSX/a/1.jpg", "@eaDir/1.jpg", "#recycle/1.jpg", "$RECYCLE.BIN/1.jpg", ".ipynb_checkpoints/1.jpg"]
)
@pytest.mark.parametrize("inside", ["", "train/", "train/a/"])
def test_what_systems_leave_behind_is_no_class_and_no_picture(make, name, inside):
    root = make("train/a/1.jpg", "train/b/1.jpg", "test/a/2.jpg")
    before = find_pictures(root)
    make(inside + name, inside + "._1.jpg", inside + ".DS_Store", inside + "Thumbs.db")
    after = find_pictures(root)
    assert (after.names, after.digest, after.findings) == (before.names, before.digest, before.findings)


def test_what_looks_like_a_picture_or_a_class_and_is_left_out_is_named(make):
    root = make("a/1.jpg", "b/1.jfif", "b/2.HEIC", "a/vector.svg", "phone/1.heic", "empty/notes.txt", "cover.jpg")
    make("a/.hidden.png", "a/labels.xml", "a/read me")
    (root / "b" / "packed.zip").write_bytes(b"PK\x03\x04\x00")
    Image.new("RGB", (2, 2)).save(root / "a" / "1234", "JPEG")
    findings = find_pictures(root).findings
    assert findings.left_out == {
        "hidden, with a dot before the name": ("a/.hidden.png",),
        "in a format that is not read (.heic)": ("b/2.HEIC", "phone/1.heic"),
        "in a format that is not read (.svg)": ("a/vector.svg",),
        "in no class folder": ("cover.jpg",),
        "of a kind that is not read (.zip)": ("b/packed.zip",),
        "with a picture in it and no picture's ending on the name": ("a/1234",),
    }
    assert findings.empty_classes == ("empty", "phone")


def test_pipes_and_devices_are_left_out_unopened(make):
    root = make("a/1.jpg", "b/1.jpg")
    os.mkfifo(root / "a" / "pipe.jpg")
    os.mkfifo(root / "b" / "pipe")
    (root / "b" / "endless.png").symlink_to("/dev/zero")
    source = find_pictures(root)
    assert source.names == ("a/1.jpg", "b/1.jpg")
    named = ("a/pipe.jpg", "b/endless.png", "b/pipe")
    assert source.findings.left_out == {"with a pipe, a socket or a device behind the name": named}


def test_lists_that_may_say_what_is_what_are_named(make):
    root = make("a/1.jpg", "b/1.jpg", "train.txt", "Test_Labels.csv", "metadata.jsonl", "README.txt", "notes.csv")
    assert find_pictures(root).findings.left_out == {
        "that may say which picture is what, and is not read": ("Test_Labels.csv", "metadata.jsonl", "train.txt")
    }


def test_a_refusal_names_what_was_left_out(make):
    with pytest.raises(
        UsageError, match=r"only one class, 'a'.*\(Left out: 1 in a format .*\.heic\): b/1\.heic\. No cl"
    ):
        find_pictures(make("a/1.jpg", "b/1.heic"))


def test_neither_folder_nor_csv(make):
    root = make("notes.txt")
    for name, sentence in (("nowhere", "is not there"), ("notes.txt", "is neither a folder nor a .csv file")):
        with pytest.raises(UsageError, match=sentence):
            find_pictures(root / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_folder_without_permission(make):
    root = make("a/1.jpg", "b/in/1.jpg")
    (root / "b" / "in").chmod(0)
    try:
        with pytest.raises(UsageError, match="b/in.*Permission denied"):
            find_pictures(root)
    finally:
        (root / "b" / "in").chmod(0o755)


def test_a_folder_that_cannot_be_read_is_named(make, monkeypatch):
    root = make("a/1.jpg", "b/in/1.jpg")
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("in"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match=r"b/in' cannot be read: Permission denied. Make it readable.*chmod"):
        find_pictures(root)


def test_links(make, tmp_path):
    root = make("set/a/1.jpg", "set/b/1.jpg", "elsewhere/2.jpg") / "set"
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "again").symlink_to(root / "a")
    (root / "a" / "other_class").symlink_to(root / "b")  # must not take b's pictures away
    (root / "b" / "out").symlink_to(tmp_path / "elsewhere")
    (root / "b" / "out_again").symlink_to(tmp_path / "elsewhere")
    (root / "b" / "file.jpg").symlink_to(root / "a" / "1.jpg")
    assert find_pictures(root).names == ("a/1.jpg", "b/1.jpg", "b/file.jpg", "b/out/2.jpg")
    (root / "b" / "broken.jpg").symlink_to(root / "nothing.jpg")
    with pytest.raises(UsageError, match="broken.jpg' is a link to a file that is not there"):
        find_pictures(root)


def test_links_to_what_is_taken_already_or_not_there_are_named(make):
    root = make("b/1.jpg", "c/1.jpg")
    (root / "a").symlink_to(root / "b")  # not before the folder itself
    (root / "c" / "loop").symlink_to(root)
    (root / "gone").symlink_to(root / "nowhere")
    source = find_pictures(root)
    assert source.classes == ("b", "c")
    assert source.findings.left_out == {
        "linked to a folder that is taken already": ("a", "c/loop"),
        "that cannot be opened": ("gone",),
    }
    assert source.findings.empty_classes == ()


def test_digest_changes_with_any_file(make):
    root = make("a/1.jpg", "b/1.jpg", "c/1.jpg")
    digests = [find_pictures(root).digest]
    assert find_pictures(root).digest == digests[0]
    os.utime(root / "a" / "1.jpg", ns=(1, 1))
    digests.append(find_pictures(root).digest)
    (root / "a" / "1.jpg").write_bytes(b"xx")
    os.utime(root / "a" / "1.jpg", ns=(1, 1))
    digests.append(find_pictures(root).digest)
    make("b/2.jpg")
    digests.append(find_pictures(root).digest)
    (root / "b").rename(root / "d")
    digests.append(find_pictures(root).digest)
    (root / "a" / "1.jpg").unlink()
    digests.append(find_pictures(root).digest)
    assert len(set(digests)) == len(digests) == 6


def test_the_digest_is_the_one_that_cached_forms_are_kept_under(make):
    root = make("a/1.jpg", "b/1.jpg")
    for name in ("a", "b"):
        os.utime(root / name / "1.jpg", ns=(1, 1))
    assert find_pictures(root).digest == "305c5d70e90db663900b94ff57023831ae2e5567ff9ab1d6fdf98f82f0e40e18"


def test_csv(table):
    path = table(b'\xef\xbb\xbflabel,path,split\r\ncat,b.png,\r\n" dog ",a.jpg,VAL\r\n\r\ndog,"c, d.jpg",train\r\n')
    source = find_pictures(path)
    assert seen(source) == [("a.jpg", "dog", "validation"), ("b.png", "cat", None), ("c, d.jpg", "dog", "train")]
    assert all(source.read(position) for position in range(len(source)))


def test_csv_with_absolute_paths_and_further_columns(table, tmp_path):
    path = table(f"Path,LABEL,who\n{tmp_path / 'a.jpg'},ü,me\nb.png,v,you\n")
    source = find_pictures(path)
    assert seen(source) == [(str(tmp_path / "a.jpg"), "ü", None), ("b.png", "v", None)]
    assert [source.read(position) for position in (0, 1)] == [
        (tmp_path / name).read_bytes() for name in ("a.jpg", "b.png")
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 0: needed are the columns path and label"),
        ("path;label\na.jpg;x\n", "line 1: needed are the columns"),
        ("path,label,path\n", "line 1: .*each once"),
        ("path,label\n", "lists no picture"),
        ("path,label\na.jpg,x\nb.png,\n", "line 3: the label is empty"),
        ("path,label\n,x\n", "line 2: the path is empty"),
        ("path,label\na.jpg,x\nc, d.jpg,y\n", "line 3: more or fewer cells than the header has"),
        ("path,label,split\na.jpg,x,tset\n", "line 2: Unknown split 'tset'.*Did you mean 'test'"),
        ("path,label\na.jpg,x\nb.png,y\n./a.jpg,z\n", "line 4: './a.jpg' is listed twice, first in line 2"),
        ("path,label\na.jpg,x\nno.jpg,y\n", "1 of the files in .* are not there: line 3 'no.jpg'"),
        ("path,label\nin\\1.jpg,x\n", r"backslash \(.*write a slash \(/\) in its place, and 'in/1.jpg' is there"),
        ("path,label\nC:\\in\\2.jpg,x\n", r"backslash \(.*write a slash \(/\) in its place\."),
        ("path,label\nin,x\n", "'in' is a folder; each picture needs a line of its own"),
        ("path,label,set\na.jpg,x,train\nb.png,y,Test\n", "a column 'set' with test, train in it, and no column split"),
        ("path,label\na,x\n", "'a.jpg' is there, and not 'a'"),
        ("path,label\nA.JPG,x\n", "'a.jpg' is there, and not 'A.JPG'"),
        ("path,label\n b.png,x\n", "Blanks around a path count, and 'b.png' is there"),
        ("file,class\n", "line 1: needed are the columns .*Received: file, class"),
        ("path,label\na.jpg,x\nb.png,x\n", "only one class, 'x'"),
        ("path,label,split\na.jpg,x,train\nb.png,y,test\n", "to train on for the class y"),
        ('path,label\na.jpg,"x\n', "line 1: unexpected end of data"),
        ("path,label\na.jpg,ü\n".encode("latin-1"), "is not UTF-8 text"),
    ],
)
def test_csv_lines_that_are_refused(table, content, sentence):
    with pytest.raises(UsageError, match=sentence):
        find_pictures(table(content))
