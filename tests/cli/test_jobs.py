"""run: what the options become, what is said, and where it goes."""

import pytest

TOML = 'format = 1\nsource = "a.csv"\ntarget = "y"\nseed = 7\nn = 12\ngiven = ["age=3"]\n\n[kinds]\nzip = "category"\n'


def test_options_become_arguments(cli, work, tmp_path):
    ended = cli(
        *("run", "a.csv", "--target", "y", "--kind", "a=b=category", "--set", "leaf=40", "--set", "order=mutual"),
        *("--rows", 9, "--given", "income [k]=a", "--given", "age=30..40", "--by", "id", "--seed", 3, "--holdout", 0.3),
        *("--generator", "copula", "--edition", "internal", "--out", tmp_path),
        *("--balance", "income [k]=a:0.5", "--time-limit", "1h1m1.5s", "--sensitive", "age", "--sensitive", "id"),
    )
    assert ended.code == 0
    assert work.asked[0][1]["kinds"] == {"a=b": "category"}
    assert work.asked[0][1]["target"] == "y"
    assert work.asked[1][1] == {
        "source": "a.csv",
        "target": "y",
        "kinds": {"a=b": "category"},
        "sensitive": ["age", "id"],
        "holdout": 0.3,
        "generator": "copula",
        "parameters": {"leaf": 40, "order": "mutual"},
        "n": 9,
        "seed": 3,
        "by": "id",
        "time": None,
        "given": ["income [k]=a", "age=30..40"],
        "balance": "income [k]=a:0.5",
        "time_limit": 3661.5,
        "curate": False,
        "size": None,
        "edition": "internal",
    }


def test_plan_stages_card_and_files_are_said_in_this_order(cli, work, tmp_path):
    err = cli("run", "a.csv", "--out", tmp_path).err
    order = [
        "read ...",
        "3 rows x 2 columns; about 1 s",
        "fit trees ...",
        "write ...",
        "Like fresh real data.",
        "Written",
    ]
    places = [err.index(text) for text in order]
    assert places == sorted(places)
    assert "inner" not in err and "\x1b" not in err


def test_quiet_is_silent(cli, work, tmp_path):
    ended = cli("run", "a.csv", "--out", tmp_path / "deep" / "out", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert (tmp_path / "deep" / "out" / "results.json").exists()


@pytest.mark.parametrize(("source", "ending"), [("a.csv", ".csv"), ("a.JSONL.gz", ".jsonl.gz"), ("adult", ".parquet")])
def test_synthetic_rows_take_the_format_of_the_real_ones(cli, work, tmp_path, source, ending):
    cli("run", source, "--out", tmp_path, "-q")
    assert (tmp_path / f"synthetic{ending}").exists()


def test_results_go_to_a_folder_of_the_table_s_name(cli, work, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli("run", "deep/adult.parquet", "-q")
    assert (tmp_path / "out" / "adult" / "results.json").exists()


def test_a_recipe_runs_again_where_it_lies(cli, work, tmp_path):
    (tmp_path / "recipe.toml").write_text(TOML)
    assert cli("run", tmp_path / "recipe.toml", "-q").code == 0
    assert (tmp_path / "results.json").exists()
    assert work.asked[0][1]["kinds"] == {"zip": "category"}
    again = work.asked[1][1]
    assert (again["seed"], again["n"], again["given"]) == (7, 12, ["age=3"])


def test_what_is_said_now_overrules_the_recipe_and_nothing_else_does(cli, work, tmp_path):
    (tmp_path / "recipe.toml").write_text(TOML)
    cli("run", tmp_path / "recipe.toml", "--seed", 8, "--rows", 5, "-q")
    again = work.asked[1][1]
    assert (again["seed"], again["n"], again["given"]) == (8, 5, ["age=3"])


def test_a_broken_recipe_is_the_data_s_fault(cli, work, tmp_path):
    (tmp_path / "recipe.toml").write_text("format = 1\nsauce = 'a.csv'\n")
    ended = cli("run", tmp_path / "recipe.toml")
    assert ended.code == 4
    assert "'sauce'" in ended.err


def test_a_schema_file_gives_kinds_and_target(cli, work, table, tmp_path):
    (tmp_path / "schema.json").write_text(table.schema.to_json())
    cli("run", "a.csv", "--schema", tmp_path / "schema.json", "--kind", "age=category", "--out", tmp_path, "-q")
    asked = work.asked[0][1]
    assert asked["target"] == "income [k]"
    assert asked["kinds"] == {"age": "category", "income [k]": "category"}


def test_evaluate_without_a_folder_writes_nothing(cli, work, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = cli("evaluate", "--train", "a", "--synthetic", "b", "--metric", "FID16")
    assert ended.code == 0 and "Add --out DIR" in ended.err
    assert work.asked[-1][1]["codes"] == ["FID16"]
    assert not list(tmp_path.iterdir())


def test_a_condition_on_no_column_is_refused_before_fitting(cli, work, tmp_path):
    ended = cli("run", "a.csv", "--given", "agee=3", "--out", tmp_path)
    assert ended.code == 2 and "did you mean 'age'?" in ended.err
    assert [verb for verb, _asked in work.asked] == ["read"]
