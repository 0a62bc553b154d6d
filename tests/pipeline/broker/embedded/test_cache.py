"""Jars and Java's ahead-of-time cache: fetched whole or not at all, and mended where they are damaged."""

import os
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline import settings
from pipeline.broker import BrokerError
from pipeline.broker.embedded import EmbeddedKafka, cache, jars

CACHE = settings.load().cache
NOBODY = "http://127.0.0.1:9"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def kit():
    """The kit of this machine, made before."""
    return cache.prepare(CACHE)


@pytest.fixture
def mirror(tmp_path, kit):
    """A Maven repository on this machine with every jar of the lock file: its folder and its address."""
    folder = tmp_path / "mirror"
    for pin in jars.pins():
        home = folder / pin.group.replace(".", "/") / pin.artifact / pin.version
        home.mkdir(parents=True)
        os.link(kit.jars / pin.file, home / pin.file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_jars_at_home(tmp_path, monkeypatch):
    """Nobody's own Maven folder helps."""
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))


def damage(file: Path, at: float = 0.5) -> None:
    """Changes bytes, from 0 = first to 1 = last; size and time stay. The file becomes its own: others may share it."""
    raw, before = bytearray(file.read_bytes()), file.stat()
    start = round((len(raw) - 4096) * at)
    raw[start : start + 4096] = b"\xff" * 4096
    file.unlink()
    file.write_bytes(raw)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_jar_is_fetched_and_the_way_is_told(tmp_path, mirror):
    """Progress goes up to the whole, in bytes, with the name of what came."""
    told = []
    jars.fetch(tmp_path / "jars", mirror[1], lambda *now: told.append(now))
    pins = jars.pins()
    assert all(pin.fits(tmp_path / "jars" / pin.file) for pin in pins)
    assert {name for _, _, name in told} == {pin.file for pin in pins}
    assert told[-1][0] == told[-1][1] == sum(pin.size for pin in pins)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_other_jars_can_be_wanted(tmp_path, mirror):
    """Only those come."""
    one = jars.pins()[0]
    jars.fetch(tmp_path / "jars", mirror[1], wanted=[one])
    assert [file.name for file in (tmp_path / "jars").iterdir()] == [one.file]


def test_only_what_is_damaged_is_fetched_again(tmp_path, kit, mirror):
    """A jar with other bytes of the same size is found out and replaced; the others are left alone."""
    shutil.copytree(kit.jars, tmp_path / "jars")
    first, second, *_ = jars.pins()
    damage(tmp_path / "jars" / first.file)
    (tmp_path / "jars" / second.file).unlink()
    told = []
    jars.fetch(tmp_path / "jars", mirror[1], lambda *now: told.append(now))
    assert {name for _, _, name in told} == {first.file, second.file}
    assert first.fits(tmp_path / "jars" / first.file)


def test_a_jar_that_is_not_the_pinned_one_is_refused(tmp_path, mirror):
    """A mirror that gives other bytes is told by name, and they are not kept."""
    folder, url = mirror
    pin = jars.pins()[0]
    damage(next(folder.rglob(pin.file)))
    with pytest.raises(BrokerError, match=rf"^{pin.file} from 127\.0\.0\.1 is not the one that kafka\.lock pins"):
        jars.fetch(tmp_path / "jars", url)
    assert not (tmp_path / "jars" / pin.file).exists()


def test_a_mirror_that_lacks_a_jar_is_told(tmp_path, mirror):
    """The sentence names the jar and the setting of another mirror."""
    folder, url = mirror
    pin = jars.pins()[0]
    next(folder.rglob(pin.file)).unlink()
    with pytest.raises(BrokerError, match=rf"127\.0\.0\.1 does not give {pin.file}; ARUS_KAFKA__JARS_FROM"):
        jars.fetch(tmp_path / "jars", url)


def test_no_network_at_the_first_fetch_is_told(tmp_path):
    """One sentence: what is missing, that it is needed once, and both ways out."""
    with pytest.raises(BrokerError) as told:
        EmbeddedKafka(tmp_path / "kafka", tmp_path, jars_from=NOBODY).start()
    sentence = str(told.value)
    assert "cannot be fetched from 127.0.0.1: is there a network? It is needed once." in sentence
    assert "ARUS_KAFKA__JARS_FROM" in sentence
    assert "ARUS_KAFKA__BOOTSTRAP_SERVERS" in sentence


def test_jars_of_ones_own_maven_folder_are_taken(tmp_path, mirror, monkeypatch):
    """Who has them in ~/.m2 needs no network."""
    monkeypatch.setenv("M2_REPO", str(mirror[0]))
    jars.fetch(tmp_path / "jars", NOBODY)
    assert all(pin.fits(tmp_path / "jars" / pin.file) for pin in jars.pins())


@pytest.mark.timeout(600)  # Java is trained anew, which on a busy machine takes its time
def test_a_damaged_cache_is_mended_at_the_next_start(tmp_path, kit, mirror):
    """A damaged jar and a damaged ahead-of-time cache are found when Kafka does not start, and made anew."""
    own = cache.Kit(tmp_path / "cache" / "kafka" / kit.home.name)
    shutil.copytree(kit.home, own.home)
    broker = EmbeddedKafka(tmp_path / "kafka", tmp_path / "cache", jars_from=mirror[1])
    damage(own.ahead, at=0)  # or Java takes the classes from there and never looks into the jar
    damage(own.jars / next(pin.file for pin in jars.pins() if pin.artifact == "kafka_2.13"), at=1)
    with broker.start():
        assert broker.pid
    assert own.is_whole(deep=True)


def test_without_an_ahead_of_time_cache_it_only_starts_slower(tmp_path, kit):
    """Where Java could make none, that is remembered and Kafka runs all the same."""
    own = cache.Kit(tmp_path / "cache" / "kafka" / kit.home.name)
    shutil.copytree(kit.home, own.home)
    (tmp_path / "none").touch()
    cache._seal(tmp_path / "none", own.ahead)
    assert own.is_whole(deep=True)
    with EmbeddedKafka(tmp_path / "kafka", tmp_path / "cache") as broker:
        assert broker.pid


SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">
  <servers><server><id>ours</id><username>u</username><password>p@ss</password></server></servers>
  <mirrors>
    <mirror><id>other</id><mirrorOf>snapshots</mirrorOf><url>https://wrong.example</url></mirror>
    <mirror><id>ours</id><mirrorOf>{of}</mirrorOf><url>https://mirror.example/maven/</url></mirror>
  </mirrors>
</settings>"""


@pytest.mark.parametrize("of", ["central", "*", "external:*", "other, central"])
def test_the_users_mirror_is_used_with_its_login(tmp_path, of):
    """The mirror of Central in settings.xml, with the name and password of its server."""
    (tmp_path / "settings.xml").write_text(SETTINGS.format(of=of))
    assert jars.repository(tmp_path / "settings.xml") == "https://u:p%40ss@mirror.example/maven"


@pytest.mark.parametrize("of", ["*,!central", "snapshots"])
def test_a_mirror_of_something_else_is_not_used(tmp_path, of):
    """Then, and without settings.xml, it is Maven Central."""
    (tmp_path / "settings.xml").write_text(SETTINGS.format(of=of))
    assert jars.repository(tmp_path / "settings.xml") == jars.repository(tmp_path / "none.xml")
