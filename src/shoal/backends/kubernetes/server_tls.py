"""How an API server and whoever asks it prove to each other who they are, as a kubeconfig says."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from shoal.backends.kubernetes.credentials import Credentials
from shoal.backends.kubernetes.errors import CredentialsMissing
from shoal.backends.kubernetes.kubeconfig import Access


def context_of(access: Access, credentials: Credentials) -> ssl.SSLContext:
    """What connects to the server that ``access`` names. Raises CredentialsMissing."""
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
        # Authorities of clusters are often older than the rules that Python 3.13 turns on, and kubectl takes them.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if credentials.certificate:
            with TemporaryDirectory(prefix="shoal-") as folder:
                file = Path(folder) / "pair.pem"
                file.touch(mode=0o600)
                file.write_text(f"{credentials.certificate}\n{credentials.key}\n")
                context.load_cert_chain(file)
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsMissing(
            f"a certificate or key of the kubeconfig can't be used: {error}",
            where=access.context or access.server,
            next_step="get a new kubeconfig from your cluster's provider",
        ) from error
    return context
