"""A site's configuration: read, checked without a network, and given out in the domain's types."""

from service.settings.outside import Destination
from service.settings.problems import SiteError, SiteProblem
from service.settings.report import report
from service.settings.site import ServiceSettings, Site, load_site

__all__ = [
    "Destination",
    "ServiceSettings",
    "Site",
    "SiteError",
    "SiteProblem",
    "load_site",
    "report",
]
