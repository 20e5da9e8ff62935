"""The text model: what a comment's words alone say about spam, learned from labelled comments.

`rows` reads them, `augmentation` adds what spammers and honest people vary, `features` (with `characters` and `sides`)
turns text into numbers, `training` (with `logistic`) finds the `weights`, `model` (with `windows`) applies them,
`evaluation` measures them; `site_model` (with `lessons`, `site_features`, `habits`, `site_fitting`) fits a site's own
layer to what its moderators decided, which `adaptation` measures. `toxic_training` and `toxic` are the model of
insult and threat, over the same features. The weights in `shipped.npz` and `shipped_toxic.npz` are those of
docs/model-card.md. Nothing here is loaded until a model is asked for.
"""
