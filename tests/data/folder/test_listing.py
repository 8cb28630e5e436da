import os

import pytest

from cnnrepro.data.folder import ON_ERROR
from cnnrepro.data.folder.listing import Listing, Picture, list_pictures
from cnnrepro.errors import UsageError


@pytest.fixture
def make(tmp_path):
    """Makes files of one byte; listing opens none of them."""

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
        root = make("a.jpg", "b.png", "c, d.jpg")
        path = root / "list.CSV"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def seen(listing: Listing) -> list[tuple[str, str, str | None]]:
    return [(picture.name, listing.classes[picture.label], picture.split) for picture in listing.pictures]


def test_folder_of_classes_at_any_depth_and_sorted(make):
    root = make(
        "cat/z.JPG", "cat/deep/er/a b.jpeg", "ant/{ü}.PnG", "ant/x.webp", "cat/notes.txt", "README.md", "top.jpg"
    )
    make("ant/.hidden.jpg", ".git/x.jpg")
    (root / "zoo").mkdir()
    listing = list_pictures(str(root))
    assert listing.root == root
    assert listing.classes == ("ant", "cat")
    assert seen(listing) == [
        ("ant/x.webp", "ant", None),
        ("ant/{ü}.PnG", "ant", None),
        ("cat/deep/er/a b.jpeg", "cat", None),
        ("cat/z.JPG", "cat", None),
    ]
    assert listing.ignored == ("README.md", "cat/notes.txt", "top.jpg")
    assert listing.empty_classes == ("zoo",)
    assert all(path.is_file() for path in listing.paths)


def test_order_does_not_depend_on_the_order_of_the_folder(make, monkeypatch):
    root = make("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/c/1.jpg")
    before = list_pictures(root)
    scandir = os.scandir

    class Backwards:
        def __init__(self, folder):
            with scandir(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    after = list_pictures(root)
    assert (after.pictures, after.digest()) == (before.pictures, before.digest())


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize(("other", "split"), [("val", "validation"), ("valid", "validation"), ("testing", "test")])
def test_split_folders(make, train, other, split):
    root = make(f"{train}/a/1.jpg", f"{train}/b/1.jpg", f"{other}/b/x/1.jpg", f"{train}/loose.jpg")
    (root / other / "a").mkdir()
    listing = list_pictures(root)
    assert sorted(seen(listing)) == sorted(
        [(f"{train}/a/1.jpg", "a", "train"), (f"{train}/b/1.jpg", "b", "train"), (f"{other}/b/x/1.jpg", "b", split)]
    )
    assert (listing.ignored, listing.empty_classes) == ((f"{train}/loose.jpg",), ())


def test_a_class_may_be_called_train(make):
    assert list_pictures(make("bus/1.jpg", "train/1.jpg")).classes == ("bus", "train")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a.jpg", "b.jpg"), "No class folder with pictures in .*; 2 pictures lie outside any class folder. Make one"),
        (("a/x.txt", "b/y.txt"), "No class folder with pictures"),
        (("cat/1.jpg", "dog/1.txt"), "only one class, 'cat'; two classes are needed. Without pictures: dog"),
        (("test/a/1.jpg", "val/b/1.jpg"), "has test, val but no folder train"),
        (("train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg"), "to train on for the class c: .* validation or test"),
        (("train/a/1.jpg", "val/a/1.jpg", "valid/b/1.jpg"), "names a split twice: train, val, valid"),
        (("train/a/1.jpg", "test/a/1.jpg", "extra/b/1.jpg"), "the splits test, train and beside them extra"),
    ],
)
def test_layouts_that_are_refused(make, names, sentence):
    with pytest.raises(UsageError, match=sentence):
        list_pictures(make(*names))


def test_neither_folder_nor_csv(make):
    root = make("notes.txt")
    for name, sentence in (("nowhere", "is not there"), ("notes.txt", "is neither a folder nor a .csv file")):
        with pytest.raises(UsageError, match=sentence):
            list_pictures(root / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_folder_without_permission(make):
    root = make("a/1.jpg", "b/in/1.jpg")
    (root / "b" / "in").chmod(0)
    try:
        with pytest.raises(UsageError, match="b/in.*Permission denied"):
            list_pictures(root)
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
        list_pictures(root)


def test_links(make, tmp_path):
    root = make("set/a/1.jpg", "set/b/1.jpg", "elsewhere/2.jpg") / "set"
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "again").symlink_to(root / "a")
    (root / "a" / "other_class").symlink_to(root / "b")  # must not take b's pictures away
    (root / "b" / "out").symlink_to(tmp_path / "elsewhere")
    (root / "b" / "out_again").symlink_to(tmp_path / "elsewhere")
    (root / "b" / "file.jpg").symlink_to(root / "a" / "1.jpg")
    assert [picture.name for picture in list_pictures(root).pictures] == [
        "a/1.jpg",
        "b/1.jpg",
        "b/file.jpg",
        "b/out/2.jpg",
    ]
    (root / "b" / "broken.jpg").symlink_to(root / "nothing.jpg")
    with pytest.raises(UsageError, match="broken.jpg' is a link to a file that is not there"):
        list_pictures(root)


def test_digest_changes_with_any_file(make):
    root = make("a/1.jpg", "b/1.jpg")
    listing = list_pictures(root)
    digests = {listing.digest()}
    assert list_pictures(root).digest() in digests
    os.utime(root / "a" / "1.jpg", ns=(1, 1))
    digests.add(listing.digest())
    (root / "a" / "1.jpg").write_bytes(b"xx")
    os.utime(root / "a" / "1.jpg", ns=(1, 1))
    digests.add(listing.digest())
    make("b/2.jpg")
    digests.add(list_pictures(root).digest())
    (root / "b").rename(root / "c")
    digests.add(list_pictures(root).digest())
    (root / "a" / "1.jpg").unlink()
    digests.add(listing.digest())
    assert len(digests) == 6


def test_csv(table):
    path = table(b'\xef\xbb\xbflabel,path,split\r\ncat,b.png,\r\n" dog ",a.jpg,VAL\r\n\r\ndog,"c, d.jpg",train\r\n')
    listing = list_pictures(path)
    assert seen(listing) == [("a.jpg", "dog", "validation"), ("b.png", "cat", None), ("c, d.jpg", "dog", "train")]
    assert listing.root == path.parent
    assert all(file.is_file() for file in listing.paths)


def test_csv_with_absolute_paths_and_further_columns(table, tmp_path):
    path = table(f"path,label,who\n{tmp_path / 'a.jpg'},ü,me\nb.png,v,you\n")
    listing = list_pictures(path)
    assert listing.pictures == (Picture(str(tmp_path / "a.jpg"), 1, None), Picture("b.png", 0, None))
    assert listing.paths == [tmp_path / "a.jpg", tmp_path / "b.png"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 0: needed are the columns path and label"),
        ("path;label\na.jpg;x\n", "line 1: needed are the columns"),
        ("path,label,path\n", "line 1: .*each once"),
        ("path,label\n", "lists no picture"),
        ("path,label\na.jpg,x\nb.png,\n", "line 3: the label is empty"),
        ("path,label\n,x\n", "line 2: the path is empty"),
        ("path,label\na.jpg,x\nc, d.jpg,y\n", "line 3: 3 cells where the header has 2"),
        ("path,label,split\na.jpg,x,tset\n", "line 2: Unknown split 'tset'.*Did you mean 'test'"),
        ("path,label\na.jpg,x\nb.png,y\n./a.jpg,z\n", "line 4: './a.jpg' is listed twice, first in line 2"),
        ("path,label\na.jpg,x\nno.jpg,y\n", "1 of the files in .* are not there: line 3 'no.jpg'"),
        ("path,label\na.jpg,x\nb.png,x\n", "only one class, 'x'"),
        ("path,label,split\na.jpg,x,train\nb.png,y,test\n", "to train on for the class y"),
        ('path,label\na.jpg,"x\n', "line 2: unexpected end of data"),
        ("path,label\na.jpg,ü\n".encode("latin-1"), "is not UTF-8 text"),
    ],
)
def test_csv_lines_that_are_refused(table, content, sentence):
    with pytest.raises(UsageError, match=sentence):
        list_pictures(table(content))


def test_what_may_be_done_about_bad_pictures():
    assert ON_ERROR == ("stop", "skip")
