"""The JSON doors: one module a noun. `app.build` puts them together."""
