"""Records → one offline HTML file. Pictures are drawn and encoded here as well.

Place in the flow: after `compare`. Computes no statistic: what it shows comes from `Plan`,
`Comparison`, `LabelFlow` and the score rows. Reading or writing files does not belong here.
"""
