"""Pictures with their objects → one HTML page that searches, filters and zooms without a network.

Place in the flow: the caller reads labels and pictures, and writes the text. The page's script is
`templates/gallery.js` and `gallery_view.js`; it may run because the page states its hash.
"""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segtrial.report.gallery_inputs import Gallery
from segtrial.report.gallery_view import gallery_view
from segtrial.report.render import shown

SCRIPTS = ("gallery.js", "gallery_view.js")


def render_gallery(gallery: Gallery) -> str:
    """One HTML page without any reference beyond itself; the same input gives the same text.

    Names are escaped and direction-isolated. The page forbids itself to load anything and to run
    any script but its own.
    """
    environment = Environment(
        loader=PackageLoader("segtrial.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = gallery_view(gallery)
    css = f"{_source(environment, 'gallery.css')}\n{page.css}"
    script = "\n".join(_source(environment, name) for name in SCRIPTS)
    return environment.get_template("gallery.html.j2").render(
        page=page,
        css=Markup(css),  # noqa: S704 (our file, and numbers)
        css_hash=_hash(css),
        script=Markup(script),  # noqa: S704 (our files)
        script_hash=_hash(script),
        data=Markup(page.data),  # noqa: S704 (no letter in it can end the element)
    )


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _hash(text: str) -> str:
    """The text's hash as a content security policy states it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
