"""The view record through the templates. Everything that is not ours is escaped here."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segtrial.report.inputs import ReportInput
from segtrial.report.view import report_view

# Characters that a page cannot hold (C0, C1) or that would turn the text after them around
# (embeddings and overrides); each becomes U+FFFD. Line feed and tab stay.
_UNSHOWABLE = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0xD800, 0xE000))
    if chr(code) not in "\n\t"
}


def render_report(report: ReportInput) -> str:
    """One HTML page without scripts and without any reference beyond itself, ledgers excepted.

    The same input gives the same text, byte for byte. Names are escaped and direction-isolated.
    """
    environment = _environment()
    source, _, _ = environment.loader.get_source(environment, "report.css")  # type: ignore[union-attr]
    template = environment.get_template("report.html.j2")
    return template.render(page=report_view(report), css=Markup(source))  # noqa: S704 (our file)


def shown(value: Any) -> Any:
    """A value as the page may hold it: text without characters that break or turn it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.translate(_UNSHOWABLE)
    return value


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("segtrial.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
