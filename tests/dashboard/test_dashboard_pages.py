"""Which panels are pages, and what a page shows that has no panel."""

from pathlib import Path

import pytest

from vmgen_analytics import widgets
from vmgen_analytics.dashboard import PAGES, shown


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("VMGEN_API_KEY", "a-key")
    monkeypatch.setenv("VMGEN_BASE_URL", "http://127.0.0.1:9")


def test_every_panel_has_a_page_and_each_page_its_panel() -> None:
    assert {page.panel for page in PAGES} == {
        name for name in widgets.__all__ if issubclass(getattr(widgets, name), widgets.panel.Panel)
    }
    for page in PAGES:
        assert type(shown(page.name)).__name__ == page.panel


@pytest.mark.parametrize("name", [page.name for page in PAGES if not page.sends_commands])
def test_an_empty_archive_is_said_with_what_fills_it(name: str) -> None:
    assert "The archive is empty: fill it with vmgen-analytics sync" in shown(name).status.value


def test_only_the_console_sends_commands_and_says_so() -> None:
    assert [page.name for page in PAGES if page.sends_commands] == ["power"]


def test_wrong_settings_are_said_in_place_of_the_panel() -> None:
    Path("vmgen.toml").write_text("curency = 'EUR'\n")
    said = shown("cost").status.value
    assert "currency" in said
    assert "Reload this page" in said


def test_what_should_not_happen_is_said_too(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("<b>")

    monkeypatch.setattr(widgets, "CostExplorer", broken)
    assert "ZeroDivisionError: &lt;b&gt;" in shown("cost").status.value
    assert "the panel of the page cost failed" in caplog.text
