import pandas as pd
import pytest

HOSTILE = ["$x^$", "<img src=x onerror=alert(1)>", "n" * 300, "日本", "_hidden", "line\nbreak", "عربى"]


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile_name(request):
    return request.param


@pytest.fixture
def month():
    return pd.Period("2026-11", "M")
