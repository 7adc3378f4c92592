"""What the tests of the web app share: a client, small data, and one run that was really done."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("python_multipart")

sys.path.insert(0, str(Path(__file__).parent))  # asking.py, which the tests of this folder share

from asking import TOKEN, TestClient, connect, until, write_table

from fidelia.web.asked import RunRequest
from fidelia.web.jobs import Jobs
from fidelia.web.settings import Settings
from fidelia.web.store import Dataset, Run, Store
from fidelia.web.uploads import from_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server that may read one folder."""
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return Settings(tmp_path / "served", TOKEN, chosen=True, allowed=(allowed.resolve(),), upload_limit=100_000)


@pytest.fixture
def client(settings: Settings) -> TestClient:
    """A program that has the token; runs wait in line, for nobody does them."""
    return connect(settings)


@pytest.fixture
def store(settings: Settings) -> Store:
    """The folders of the server."""
    return Store(settings.folder)


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small table, and the folder of the data set that it is; reading it takes a process and a second."""
    allowed = tmp_path_factory.mktemp("described").resolve()
    table = write_table(allowed / "people.csv")
    settings = Settings(tmp_path_factory.mktemp("once"), TOKEN, allowed=(allowed,))
    return table, from_path("people.csv", Store(settings.folder), settings).folder


@pytest.fixture
def dataset(store: Store, settings: Settings, described: tuple[Path, Path]) -> Dataset:
    """A small data set, from the allowed folder."""
    table, folder = described
    place = Path(shutil.copy(table, settings.allowed[0]))
    shutil.copytree(folder, store.data / folder.name)
    said = json.loads((folder / "data.json").read_text()) | {"path": str(place)}
    (store.data / folder.name / "data.json").write_text(json.dumps(said))
    return store.dataset(folder.name)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Dataset, Run]]:
    """A folder with one small data set and one run that was done by its worker. Change nothing in it."""
    folder = tmp_path_factory.mktemp("served")
    allowed = tmp_path_factory.mktemp("allowed").resolve()
    settings = Settings(folder, TOKEN, chosen=True, allowed=(allowed,))
    write_table(allowed / "people.csv")
    store = Store(folder)
    dataset = from_path("people.csv", store, settings)
    jobs = Jobs(store)
    run = jobs.submit(RunRequest(dataset=dataset.id, target="pay", generator="marginals", name="the first"))
    until(lambda: (jobs.reconcile(), store.run(run.id).over and not jobs._children)[1], 120)
    yield settings, dataset, store.run(run.id)
