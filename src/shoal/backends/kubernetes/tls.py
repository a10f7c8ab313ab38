"""How the nodes of a cluster with TLS are spoken to."""

import ssl


def trusting(authority: str) -> ssl.SSLContext:
    """For gRPC to nodes whose certificates come from ``authority``, PEM; its own certificate is still to be loaded."""
    context = ssl.create_default_context(cadata=authority)
    # Nodes make theirs with the openssl of their image, which may be older than the rules that Python 3.13 turns on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["h2"])
    return context
