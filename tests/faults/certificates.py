"""Certificates of every kind, made by the command openssl when a test runs."""

import pathlib
import subprocess

CA = """[ca]
default_ca = here
[here]
dir = {dir}
database = {dir}/index.txt
new_certs_dir = {dir}
serial = {dir}/serial
crlnumber = {dir}/crlnumber
default_md = sha256
default_crl_days = 10
default_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[leaf]
basicConstraints = critical,CA:FALSE
subjectAltName = {names}
[above]
basicConstraints = critical,CA:TRUE
"""


class Authority:
    """One authority in a folder of its own; `issue` makes NAME.pem and NAME.key there."""

    def __init__(self, folder, common_name="Site CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        for name, text in (("index.txt", ""), ("serial", "1000"), ("crlnumber", "01")):
            (self.folder / name).write_text(text)
        self.configure("DNS:localhost")
        self.pem, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", f"/CN={common_name}", "-extensions", "above", "-keyout", self.key, "-out", self.pem)

    def configure(self, names):
        (self.folder / "ca.cnf").write_text(CA.format(dir=self.folder, names=names))

    def run(self, command, *arguments):
        subprocess.run(["openssl", command, "-config", str(self.folder / "ca.cnf"), *map(str, arguments)],
                       check=True, capture_output=True)

    def issue(self, name, common_name, names="DNS:localhost,IP:127.0.0.1", valid=None):
        """@param valid two times as openssl takes them, "20200101000000Z" """
        pem, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        self.configure(names)
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                 f"/CN={common_name}", "-keyout", key, "-out", request)
        dates = ["-startdate", valid[0], "-enddate", valid[1]] if valid else []
        self.run("ca", "-batch", "-notext", "-keyfile", self.key, "-cert", self.pem, "-extensions", "leaf",
                 *dates, "-in", request, "-out", pem)
        return pem, key

    def revoke(self, *pems):
        """The revocation list."""
        out = self.folder / "crl.pem"
        for pem in pems:
            self.run("ca", "-keyfile", self.key, "-cert", self.pem, "-revoke", pem)
        self.run("ca", "-keyfile", self.key, "-cert", self.pem, "-gencrl", "-out", out)
        return out
