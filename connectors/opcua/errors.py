"""What the client library raises, classified for the runtime, with what to do about it."""

from __future__ import annotations

import logging

from asyncua import ua

from service.runtime.errors import ConnectorError, Rejected, Retryable

_log = logging.getLogger(__name__)

_REMEDIES = {
    "BadUserAccessDenied": "check username and password, and that this user may connect",
    "BadIdentityTokenRejected": "check username and password, and that the server knows this user",
    "BadIdentityTokenInvalid": "the server wants another login; check username and password",
    "BadIdentityChangeNotSupported": "check username and password",
    "BadUserSignatureInvalid": "check username and password",
    "BadSecurityChecksFailed": "trust this client's certificate at the server, then try again",
    "BadSecurityPolicyRejected": "choose a security_policy that the server offers",
    "BadSecurityModeRejected": "choose a security_mode that the server offers",
    "BadSecurityModeInsufficient": "set security_mode to SignAndEncrypt",
    "BadCertificateInvalid": "give a valid certificate in certificate",
    "BadCertificateUntrusted": "trust this client's certificate at the server, then try again",
    "BadCertificateTimeInvalid": "renew the certificate, and check both clocks",
    "BadCertificateUriInvalid": "make a certificate whose URI names this application",
    "BadCertificateUseNotAllowed": "make a certificate that may be used by a client",
    "BadCertificateHostNameInvalid": "use the host name in the endpoint that the certificate names",
    "BadCertificateChainIncomplete": "give the server the certificates of the whole chain",
    "BadApplicationSignatureInvalid": "check that private_key belongs to certificate",
    "BadTcpEndpointUrlInvalid": "check the path of the endpoint",
    "BadServiceUnsupported": "this server has no subscriptions; it can't be a source",
}
"""StatusCodes that stay until somebody changes something, and what to change."""


def classified(error: BaseException, *, name: str, endpoint: str, doing: str) -> ConnectorError:
    """``error``, raised while ``doing`` something, as Retryable or Rejected."""
    if isinstance(error, ConnectorError):
        return error
    where = f"{name}: {doing} {endpoint}"
    if isinstance(error, ua.UaStatusCodeError):
        status = status_name(error.code)
        remedy = _REMEDIES.get(status)
        if remedy is not None:
            return Rejected(f"{where} was refused: {status}; {remedy}")
        return Retryable(f"{where} failed: {status}")
    if isinstance(error, ua.UaError) and "No matching endpoints" in str(error):
        return Rejected(
            f"{where} was refused: the server does not offer this security_policy and "
            "security_mode; choose ones that it offers"
        )
    if isinstance(error, ua.UaError) and "certificate mismatch" in str(error):
        return Rejected(
            f"{where} was refused: the server shows another certificate than expected; check that "
            "it is the right server, then give its certificate in server_certificate"
        )
    if isinstance(error, TimeoutError):
        return Retryable(f"{where} got no answer in time; is the server up, and reachable?")
    if not isinstance(error, OSError | ua.UaError):
        _log.error("opcua.unexpected source=%s error=%r", name, error, exc_info=error)
    reason = str(error) or type(error).__name__
    return Retryable(f"{where} failed: {reason}; is the server up, and reachable?")


def status_name(code: int | None) -> str:
    """The standard's name of a StatusCode, or its number where it has none."""
    if code is None:
        return "no status"
    name: str = ua.status_codes.get_name_and_doc(code)[0]
    return name if name.isidentifier() else f"0x{code:08X}"
