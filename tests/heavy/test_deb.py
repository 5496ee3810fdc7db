"""The package, as `make deb` made it inside the image's build stage, which is
a Debian that has nothing but the build dependencies. It is installed, upgraded,
removed and purged where it is to run: in the image. tests/reach does the same under
a running systemd, release by release."""

import os

import image
import pytest

# What a machine without trailpost has; everything else it brought itself.
TRACES = ("find / -xdev -path /proc -prune -o -iname '*trailpost*' -print | "
          "grep -v -e ^/var/lib/dpkg/ -e ^/var/cache -e ^/proc -e ^/tmp/")


@pytest.fixture(scope="session")
def package(images, tmp_path_factory):
    """The path of the .deb on this machine."""
    path = str(tmp_path_factory.mktemp("deb") / "trailpost.deb")
    with image.mounted(image.BUILT) as folder:
        with open(os.path.join(folder, "trailpost.deb"), "rb") as source, \
                open(path, "wb") as target:
            target.write(source.read())
    return path


@pytest.fixture
def shell(images, package):
    """Runs a script as root in a throw-away container of the image, which has
    the package installed; the package lies at /tmp/trailpost.deb."""
    def run(script, check=True):
        return image.podman(
            *image.start("--rm", "--user", "0:0"),
            "--volume", package + ":/tmp/trailpost.deb:ro",
            "--entrypoint", "/bin/sh", images, "-c", script,
            check=check).stdout
    return run


def field(package, name):
    return image.run("dpkg-deb", "-f", package, name).stdout.strip()


def test_lintian_finds_no_error(package):
    image.need("lintian")
    done = image.run("lintian", "--allow-root", "--fail-on", "error,warning",
                     "--tag-display-limit", "0", package, timeout=180,
                     check=False)
    assert done.returncode == 0, done.stdout


def test_version_is_that_of_the_program(package, shell):
    # podman may have said something before.
    *_, version, codec = shell("/usr/bin/trailpost --version").splitlines()
    assert version == "trailpost " + field(package, "Version")
    assert codec == "deflate by ISA-L"


def test_depends_on_what_it_is_linked_with(package, shell):
    """What it needs is in the image, where nothing else brings it along."""
    depends = field(package, "Depends")
    for name in ("libc6", "libcurl4", "libisal2", "libssl3",
                 "ca-certificates"):
        assert name in depends
    assert "not found" not in shell("ldd /usr/bin/trailpost")


def test_installs_what_the_documents_name(shell):
    # Slim images leave manual pages out; the package itself has them.
    names = shell("dpkg-deb -c /tmp/trailpost.deb | awk '{print $6}'").split()
    for name in ("./usr/bin/trailpost", "./etc/trailpost/trailpost.conf",
                 "./usr/lib/systemd/system/trailpost.service",
                 "./usr/lib/systemd/system/trailpost@.service",
                 "./usr/share/doc/trailpost/CHANGELOG.md",
                 "./usr/share/doc/trailpost/docs/getting-started.md",
                 "./usr/share/doc/trailpost/etc/cloudformation/trailpost.yaml",
                 "./usr/share/bash-completion/completions/trailpost",
                 "./usr/share/zsh/vendor-completions/_trailpost",
                 "./usr/share/fish/vendor_completions.d/trailpost.fish",
                 "./usr/share/man/man8/trailpost.8.gz",
                 "./usr/share/man/man5/trailpost.conf.5.gz"):
        assert name in names
    assert not any("local" in name for name in names)


def test_units_run_what_the_package_installs(shell):
    units = shell("cat /usr/lib/systemd/system/trailpost*.service")
    assert "/usr/bin/trailpost" in units and "/usr/local" not in units


def test_without_a_queue_it_says_so_and_does_not_run(shell):
    said = shell("/usr/bin/trailpost; echo status $?")
    assert "queue_url" in said and "status 2" in said


def test_an_edited_configuration_survives_an_upgrade_and_a_removal(shell):
    said = shell(
        "set -e; cd /etc/trailpost; echo '# mine' >>trailpost.conf; "
        "dpkg -i /tmp/trailpost.deb; grep -c '^# mine' trailpost.conf; "
        "dpkg -r trailpost; grep -c '^# mine' trailpost.conf; "
        "test ! -e /usr/bin/trailpost; echo gone")
    assert said.split()[-2:] == ["1", "gone"] and "\n1\n" in said


def test_purge_leaves_nothing(shell):
    said = shell("echo secret >/etc/trailpost/token; dpkg -P trailpost; "
                 "echo left:; %s" % TRACES, check=False)
    assert said.split("left:")[1].split() == []


def test_the_search_for_traces_finds_an_installed_package(shell):
    assert "/usr/bin/trailpost" in shell(TRACES).split()
