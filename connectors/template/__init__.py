"""JSON of the site's own form: a Jinja template for whatever takes a POST."""
