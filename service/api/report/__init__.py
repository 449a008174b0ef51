"""The shift report as a page and as a PDF: one layout in two languages."""
