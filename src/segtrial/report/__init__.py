"""Records → one offline HTML file. Pictures are drawn and encoded here as well.

Place in the flow: after `compare`. Computes no statistic: what it shows comes from `Plan`,
`Comparison`, `LabelFlow` and the score rows. Reading or writing files does not belong here.
"""

from segtrial.report.colours import Colour, class_colours
from segtrial.report.gallery import render_gallery
from segtrial.report.gallery_inputs import Gallery, GalleryInstance, GalleryPicture
from segtrial.report.gallery_pictures import picture_webp
from segtrial.report.inputs import FailedRun, Panel, Picture, ReportInput, ScoreRow
from segtrial.report.overlay import overlay
from segtrial.report.render import render_report

__all__ = [
    "Colour",
    "FailedRun",
    "Gallery",
    "GalleryInstance",
    "GalleryPicture",
    "Panel",
    "Picture",
    "ReportInput",
    "ScoreRow",
    "class_colours",
    "overlay",
    "picture_webp",
    "render_gallery",
    "render_report",
]
