"""An index of labelled pictures, and the pictures: what is read as what, and what is refused."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import EngineError
from engine.evaluation.index import Example, read_index, read_picture
from tests.engine.small_networks import grey_image

HEADER = "file,source,class,split,group\n"
GREY = np.clip((grey_image(60, 45) - 500) / 4, 0, 255).astype(np.uint8)
WIDE = np.arange(60 * 45, dtype=np.uint16).reshape(60, 45) * 24  # 0…64 776: 16 bits


def _encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def _index(folder: Path, text: str) -> Path:
    (folder / "index.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("PNG", GREY),
        ("TIFF", GREY),
        ("PNG", WIDE),
        ("TIFF", WIDE),
        ("TIFF", WIDE.astype(np.int32) - 1000),
        ("TIFF", grey_image(60, 45)),
    ],
    ids=lambda item: item if isinstance(item, str) else str(item.dtype),
)
def test_grey_values_are_read_as_they_are(
    tmp_path: Path, form: str, values: NDArray[np.generic]
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(_encoded(Image.fromarray(values), form))
    found = read_picture(path)
    np.testing.assert_array_equal(found.grey, values)
    assert found.grey.dtype == values.dtype
    assert not found.coloured


def test_a_jpeg_is_read_about_as_it_was(tmp_path: Path) -> None:
    smooth = np.asarray(np.linspace(0, 255, 60)[:, None] + np.zeros(45), np.uint8)
    (tmp_path / "a.jpg").write_bytes(_encoded(Image.fromarray(smooth), "JPEG", quality=95))
    found = read_picture(tmp_path / "a.jpg")
    assert found.grey.dtype == np.uint8
    np.testing.assert_allclose(found.grey.astype(float), smooth, atol=4)


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_grey_picture_in_another_mode_is_grey(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(GREY).convert(mode)
    (tmp_path / "a").write_bytes(_encoded(picture, "TIFF" if mode == "CMYK" else "PNG"))
    found = read_picture(tmp_path / "a")
    wanted = np.asarray(picture.convert("L"))
    assert found.grey.shape == GREY.shape
    np.testing.assert_array_equal(found.grey, wanted)
    assert np.ptp(wanted) > 200
    assert not found.coloured


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_coloured_picture_is_found_out_and_made_grey(tmp_path: Path, mode: str) -> None:
    channels = np.stack((GREY, 255 - GREY, GREY // 2), 2)
    picture = Image.fromarray(channels).convert(mode)
    (tmp_path / "a.png").write_bytes(_encoded(picture, "PNG"))
    found = read_picture(tmp_path / "a.png")
    assert found.coloured
    assert found.grey.shape == GREY.shape
    if mode != "P":  # luma: 0.299 R + 0.587 G + 0.114 B
        luma = channels @ np.array([0.299, 0.587, 0.114])
        np.testing.assert_allclose(found.grey.astype(float), luma, atol=1)


@pytest.mark.parametrize(("rows", "coloured"), [(1, False), (2, True)])
def test_a_small_coloured_annotation_makes_no_coloured_picture(
    tmp_path: Path, rows: int, coloured: bool
) -> None:
    """1 or 2 rows of 60: 1.7 % and 3.3 % of the pixels."""
    channels = np.stack((GREY, GREY, GREY), 2)
    channels[:rows] = (255, 0, 0)
    (tmp_path / "a.png").write_bytes(_encoded(Image.fromarray(channels), "PNG"))
    assert read_picture(tmp_path / "a.png").coloured == coloured


@pytest.mark.parametrize(("cast", "coloured"), [(24, False), (25, True)])
def test_a_faint_tint_is_no_colour(tmp_path: Path, cast: int, coloured: bool) -> None:
    channels = np.full((20, 20, 3), 100, np.uint8)
    channels[..., 2] += cast
    (tmp_path / "a.png").write_bytes(_encoded(Image.fromarray(channels), "PNG"))
    assert read_picture(tmp_path / "a.png").coloured == coloured


def test_a_palette_with_transparent_colours_is_read_without_a_warning(tmp_path: Path) -> None:
    picture = Image.fromarray(GREY).convert("P")
    data = _encoded(picture, "PNG", transparency=bytes([0, 128] + [255] * 254))
    (tmp_path / "a.png").write_bytes(data)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").grey, GREY)


def _huge() -> bytes:
    """The head of a PNG of 20 000 × 20 000 pixels, and none of them."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        check = struct.pack(">I", zlib.crc32(kind + data))
        parts += [struct.pack(">I", len(data)), kind, data, check]
    return b"".join(parts)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("text.png", b"not a picture, but words\n" * 20, "no picture that can be read"),
        ("empty.png", b"", "no picture that can be read"),
        ("half.jpg", _encoded(Image.fromarray(GREY), "JPEG")[:-600], "damaged .*truncated"),
        ("half.png", _encoded(Image.fromarray(GREY), "PNG")[:-600], "damaged"),
        ("half.tif", _encoded(Image.fromarray(GREY), "TIFF")[:-600], "damaged|can be read"),
        ("huge.png", _huge(), "too many"),
        ("missing.png", None, "there is no such file"),
    ],
    ids=lambda item: item if isinstance(item, str) and "." in item else "",
)
def test_what_cannot_be_read_is_refused_with_the_file_and_the_reason(
    tmp_path: Path, name: str, data: bytes | None, words: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(EngineError, match=rf"{re.escape(str(tmp_path / name))}: .*({words})"):
        read_picture(tmp_path / name)


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_an_index_is_read(tmp_path: Path, bom: str) -> None:
    text = bom + "group,file,source,class,split,width\np1,a/1.png,north,hand,test,40\n"
    assert read_index(_index(tmp_path, text)) == (
        Example("a/1.png", "north", "hand", "test", "north/p1"),
    )


def test_commas_quotes_and_letters_beyond_ascii_are_kept(tmp_path: Path) -> None:
    text = HEADER + '"Röntgen, ""a"".png",nørth,hand,test,p1\n'
    assert read_index(_index(tmp_path, text))[0].file == 'Röntgen, "a".png'
    assert read_index(tmp_path)[0].source == "nørth"


def test_without_a_group_each_file_is_one(tmp_path: Path) -> None:
    rows = "1.png,north,hand,test\n2.png,north,hand,test\n"
    without = read_index(_index(tmp_path, "file,source,class,split\n" + rows))
    assert [row.group for row in without] == ["1.png", "2.png"]
    empty = read_index(_index(tmp_path, HEADER + rows.replace("\n", ",\n")))
    assert empty == without


def test_patients_of_the_same_name_in_two_sources_are_two(tmp_path: Path) -> None:
    rows = "1.png,north,hand,test,7\n2.png,north,foot,test,7\n3.png,south,hand,test,7\n"
    first, second, third = (row.group for row in read_index(_index(tmp_path, HEADER + rows)))
    assert first == second != third


@pytest.mark.parametrize("missing", ["file", "source", "class", "split"])
@pytest.mark.parametrize("rows", ["x,x,x\n", ""], ids=["a row", "no row"])
def test_a_missing_column_is_named(tmp_path: Path, missing: str, rows: str) -> None:
    columns = [name for name in ("file", "source", "class", "split") if name != missing]
    _index(tmp_path, ",".join(columns) + "\n" + rows)
    with pytest.raises(EngineError, match=rf"index\.csv has no column '{missing}'"):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEADER.encode() + b"1.png,north\n", "a row is too short"),
        (HEADER.encode() + b"1.png,n\xf6rth,hand,test,p1\n", "no table in UTF-8"),
        (HEADER.encode(), "no row"),
    ],
    ids=["short row", "Latin-1", "no row"],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "index.csv").write_bytes(data)
    with pytest.raises(EngineError, match=rf"index\.csv .*{words}"):
        read_index(tmp_path)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"index\.csv cannot be read: No such file"):
        read_index(tmp_path)
