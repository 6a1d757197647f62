"""The gallery has every picture, and its page and images are those that its command writes."""

import ast
import re

import pytest
from PIL import Image
from readme import README

import vmgen_analytics as va
from docs import gallery
from vmgen_analytics import plots

SHOWN = [shown for pictures in gallery.GALLERY.values() for shown in pictures]
LARGEST, LARGEST_TOGETHER = 80_000, 2_000_000


def names_called(code, namespace):
    """What a piece of code takes from a namespace: plots.footprint is footprint of plots."""
    return {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == namespace
    }


def test_every_picture_is_in_the_gallery():
    drawn = set(plots.__all__) - {"png", "alt_text"}
    assert drawn == {shown.name for shown in SHOWN}
    assert len(SHOWN) == len(drawn)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.name)
def test_each_line_draws_the_picture_of_its_name_from_what_the_package_has(shown):
    assert names_called(shown.line, "plots") == {shown.name}
    assert names_called(gallery.SETUP + shown.line, "va") <= set(va.__all__)


def test_the_page_is_what_the_command_writes():
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page(), "run python docs/gallery.py"


def test_there_is_an_image_of_each_and_no_other_and_all_are_small():
    sizes = {path.stem: path.stat().st_size for path in gallery.IMAGES.iterdir()}
    assert set(sizes) == {shown.name for shown in SHOWN}
    assert max(sizes.values()) < LARGEST
    assert sum(sizes.values()) < LARGEST_TOGETHER
    for shown in SHOWN:
        with Image.open(gallery.IMAGES / f"{shown.name}.png") as image:
            assert len(image.info["Description"]) > 30


def test_the_readme_shows_some_of_them_in_the_words_of_the_images():
    text = README.read_text(encoding="utf-8")
    assert len(re.findall(r"!\[.{40,}\]\(docs/images/\w+\.png\)", text)) >= 2
    assert gallery.readme(text) == text, "run python docs/gallery.py"
    assert "(docs/gallery.md)" in text
