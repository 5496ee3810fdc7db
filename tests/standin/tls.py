"""TLS in front of a port: an authority of our own, and a relay that speaks TLS
on one side and plain bytes on the other."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """A CA in a folder; `bundle` is what a client trusts."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self._openssl("req", "-x509", *EC, "-days", "2", "-subj", "/CN=Test",
                      "-keyout", "ca.key", "-out", "ca.pem")
        self.bundle = self.dir / "ca.pem"

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.dir, check=True,
                       capture_output=True, timeout=30)

    def issue(self, names, name="server"):
        """(certificate, key) for subject alternative names like
        "IP:127.0.0.1"."""
        self._openssl("req", *EC, "-subj", "/CN=" + name, "-keyout",
                      name + ".key", "-out", name + ".csr")
        (self.dir / "ext").write_text("subjectAltName=" + names + "\n")
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem",
                      "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                      "-extfile", "ext", "-out", name + ".pem")
        return self.dir / (name + ".pem"), self.dir / (name + ".key")


class Front:
    """Relays TLS connections on a port of its own to a plain port. names: what
    clients asked for by SNI."""

    def __init__(self, port, certificate, max_version=None, listen=0):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        if max_version is not None:
            self._context.set_ciphers("ALL:@SECLEVEL=0")
            self._context.minimum_version = max_version
            self._context.maximum_version = max_version
        self._target = port
        self.names = []
        self._context.sni_callback = \
            lambda _conn, name, _context: self.names.append(name)
        self._sock = socket.create_server(("127.0.0.1", listen))
        self.port = self._sock.getsockname()[1]
        self._resumed = []  # of each handshake, whether it was
        self.failures = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    @property
    def handshakes(self):
        return len(self._resumed)

    @property
    def resumed(self):
        return self._resumed.count(True)

    @property
    def greeted(self):
        """Handshakes in full."""
        return self._resumed.count(False)

    def _accept(self):
        while True:
            try:
                conn, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,),
                             daemon=True).start()

    def _serve(self, conn):
        try:
            conn = self._context.wrap_socket(conn, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.failures.append(str(error))
            return
        self._resumed.append(bool(conn.session_reused))
        with conn, socket.create_connection(
                ("127.0.0.1", self._target)) as plain:
            back = threading.Thread(target=self._relay, args=(plain, conn),
                                    daemon=True)
            back.start()
            self._relay(conn, plain)
            back.join(5)

    @staticmethod
    def _relay(source, target):
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
