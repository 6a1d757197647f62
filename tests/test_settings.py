import keyring
import keyring.errors
import pytest

from vmgen_analytics.api import Client
from vmgen_analytics.credentials import api_key
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.settings import Account, Settings


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, and an empty home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(keyring, "get_password", lambda *_: None)
    return tmp_path / "here"


@pytest.fixture
def write(tmp_path):
    def write(text, place="here"):
        file = tmp_path / place / "vmgen.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


USER = "home/.config/vmgen_analytics"


def test_without_a_word_from_the_user_everything_has_a_default():
    loaded = Settings.load(environ={})
    assert loaded == Settings()
    assert loaded.account() == ("main", Account())


def test_the_environment_goes_before_this_folder_and_that_before_the_users(write, tmp_path):
    write('currency = "USD"\ntime_zone = "Asia/Tokyo"\narchive = "user"', USER)
    assert Settings.load(environ={}).currency == "USD"
    write('currency = "EUR"\narchive = "mine"')
    loaded = Settings.load(environ={})
    assert (loaded.currency, loaded.time_zone, loaded.archive) == ("EUR", "Asia/Tokyo", "mine")
    loaded = Settings.load(environ={"VMGEN_ARCHIVE": "s3://bucket/x", "VMGEN_PRICES": "p.csv"})
    assert (loaded.archive, loaded.prices, loaded.currency) == ("s3://bucket/x", "p.csv", "EUR")
    other = tmp_path / "other.toml"
    other.write_text('currency = "PLN"')
    loaded = Settings.load(environ={"VMGEN_CONFIG": str(other)})
    assert (loaded.currency, loaded.time_zone) == ("PLN", "UTC")
    assert Settings.load(other, environ={}).currency == "PLN"


def test_the_address_of_the_environment_holds_for_every_account(write):
    write('[accounts.a]\nmax_workers = 2\n[accounts.b]\nbase_url = "https://b.example.net"')
    loaded = Settings.load(environ={"VMGEN_BASE_URL": "http://127.0.0.1:1", "VMGEN_AUTH": "X-Key: {key}"})
    assert {name: (account.base_url, account.auth) for name, account in loaded.accounts.items()} == dict.fromkeys(
        "ab", ("http://127.0.0.1:1", "X-Key: {key}")
    )
    assert loaded.accounts["a"].max_workers == 2


@pytest.mark.parametrize("name", ["archive", "prices", "cost_centres", "shared_costs", "vm_locations", "budgets"])
def test_a_path_is_relative_to_the_file_that_names_it(write, tmp_path, name, monkeypatch):
    others = 'cost_centres = "centres.csv"\n' if name == "shared_costs" else ""
    file = write(f'{others}{name} = "data/it"', "etc")
    assert getattr(Settings.load(file, environ={}), name) == str(tmp_path / "etc" / "data" / "it")
    write(f'{others}{name} = "/abs/it"', "etc")
    assert getattr(Settings.load(file, environ={}), name) == "/abs/it"
    write(f'{others}{name} = "s3://bucket/it"', "etc")
    assert getattr(Settings.load(file, environ={}), name) == "s3://bucket/it"
    write(f'{others}{name} = "~/it"', "etc")
    assert getattr(Settings.load(file, environ={}), name) == str(tmp_path / "home" / "it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('curency = "EUR"', "no setting curency; did you mean currency?"),
        ('timezone = "UTC"', "no setting timezone; did you mean time_zone?"),
        ('[account.main]\nbase_url = "x"', "no setting account; did you mean accounts?"),
        ('[accounts.main]\nbase-url = "x"', "no setting accounts.main.base-url; did you mean accounts.main.base_url?"),
        ("[accounts.main]\nworkers = 2", "accounts.main.max_workers?"),
        ("[allocation]\nweight = { vcpus = 1 }", "did you mean allocation.weights?"),
        ("[allocation]\nweights = { cpus = 1 }", "did you mean allocation.weights.vcpus?"),
        ("[allocation]\nweights = { ram = 1 }", "did you mean allocation.weights.ram_GB?"),
    ],
)
def test_a_misspelt_setting_names_the_nearest_right_one(write, text, words):
    write(text)
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ={})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("currency = 3", "currency is 3; it must be text in quotes"),
        ("archive = true", "archive is True; it must be text in quotes"),
        ('archive = ["a"]', "archive is ['a']"),
        ('[accounts.main]\nmax_workers = "8"', "accounts.main.max_workers is '8'; it must be a whole number"),
        ("[accounts.main]\nmax_workers = 8.5", "it must be a whole number"),
        ("[accounts.main]\nmax_workers = true", "it must be a whole number"),
        ("[accounts.main]\nmax_workers = 0", "accounts.main.max_workers is 0; it goes from 1 to 32"),
        ("[accounts.main]\nmax_workers = 33", "it goes from 1 to 32"),
        ('[accounts.main]\nsettle_h = "6"', "it must be a number"),
        ("[accounts.main]\nsettle_h = -1", "accounts.main.settle_h is -1"),
        ("[accounts.main]\nsettle_h = nan", "accounts.main.settle_h is nan"),
        ("[accounts.main]\nsettle_h = inf", "accounts.main.settle_h is inf"),
        ('[accounts.main]\ninvoice_period = "next-month"', "it can be same-month, previous-month"),
        ('[accounts.main]\nauth = "Authorization"', "must be a header with {key}"),
        ('[accounts.main]\nauth = "{key}"', "must be a header with {key}"),
        ('[accounts."a b"]', "letters, digits, - and _ only"),
        ("accounts = 3", "accounts is 3; it must be a table"),
        ("accounts = []", "it must be a table"),
        ("[accounts]", "no account"),
        ("[accounts]\nmain = 3", "accounts.main is 3; it must be a table"),
        ('time_zone = "Amsterdam"', "time_zone is 'Amsterdam'; it must be a name as Europe/Amsterdam"),
        ('time_zone = "../../etc/passwd"', "it must be a name as"),
        ('time_zone = ""', "it must be a name as"),
        ('[accounts.main]\ntime_zone = "Mars/Olympus"', "it must be a name as"),
        ('[allocation]\nkey = "fair"', "it can be price_book, package_weight"),
        ("allocation = 3", "it must be a table"),
        ("[allocation]\nweights = { vcpus = -1 }", "it must be a number from 0 up"),
        ("[allocation]\nweights = { vcpus = nan }", "it must be a number from 0 up"),
        ("[allocation]\nweights = { vcpus = inf }", "it must be a number from 0 up"),
        ("[allocation]\nweights = { vcpus = true }", "it must be a number from 0 up"),
        ("[allocation]\nweights = 1", "it must be a table"),
        ('[allocation]\nweights = { vcpus = "1" }', "it must be a number from 0 up"),
        ("currency = ", "cannot read the settings in"),
        ('currency = "a"\ncurrency = "b"', "cannot read the settings in"),
    ],
)
@pytest.mark.parametrize("environ", [{}, {"VMGEN_BASE_URL": "http://127.0.0.1:1"}], ids=["", "with an address"])
def test_a_wrong_value_is_named_with_what_it_can_be(write, text, words, environ):
    write(text)
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ=environ)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["key", "api_key", "token"])
def test_a_key_in_a_file_is_refused_and_not_repeated(write, name):
    write(f'[accounts.main]\n{name} = "canary-123"')
    with pytest.raises(SettingsError, match="a key is never written in a file") as caught:
        Settings.load(environ={})
    assert "canary-123" not in str(caught.value)


def test_a_file_that_is_no_text_is_named(here):
    (here / "vmgen.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"cannot read the settings in vmgen\.toml"):
        Settings.load(environ={})


def test_a_file_that_begins_with_a_byte_order_mark_is_read(here):
    (here / "vmgen.toml").write_bytes(b'\xef\xbb\xbfcurrency = "EUR"\r\n')
    assert Settings.load(environ={}).currency == "EUR"


def test_a_file_that_was_named_must_exist(tmp_path):
    for config, environ in ((tmp_path / "no.toml", {}), (None, {"VMGEN_CONFIG": "no.toml"})):
        with pytest.raises(SettingsError, match=r"no file of settings at .*no\.toml"):
            Settings.load(config, environ=environ)


def test_numbers_of_either_kind_and_the_other_weights_stay(write):
    write("[accounts.main]\nsettle_h = 12\n[allocation]\nweights = { vcpus = 2 }")
    loaded = Settings.load(environ={})
    assert loaded.accounts["main"].settle_h == 12.0
    assert loaded.allocation.weights == {"vcpus": 2.0, "ram_GB": 0.5, "disk_GB": 0.01}


def test_the_account_is_the_only_one_or_main_or_has_to_be_named(write):
    write("[accounts.only]")
    assert Settings.load(environ={}).account()[0] == "only"
    write("[accounts.main]\n[accounts.other]")
    assert Settings.load(environ={}).account()[0] == "main"
    assert Settings.load(environ={}).account("other")[0] == "other"
    write("[accounts.one]\n[accounts.two]")
    with pytest.raises(SettingsError, match="name one of the accounts one, two with --account"):
        Settings.load(environ={}).account()
    with pytest.raises(SettingsError, match="no account 'three' in the settings; they have one, two"):
        Settings.load(environ={}).account("three")


def test_an_account_may_live_in_its_own_time_zone(write):
    write('time_zone = "UTC"\n[accounts.a]\n[accounts.b]\ntime_zone = "Europe/Warsaw"')
    loaded = Settings.load(environ={})
    assert (loaded.zone("a").key, loaded.zone("b").key, loaded.zone("unknown").key) == ("UTC", "Europe/Warsaw", "UTC")


def test_the_key_comes_from_the_environment_then_the_keyring(monkeypatch):
    account = Account(key_env="MY_KEY")
    asked = []
    monkeypatch.setattr(keyring, "get_password", lambda *names: asked.append(names) or "from-keyring")
    assert api_key("main", account, {"MY_KEY": "from-env", "VMGEN_API_KEY": "another"}) == "from-env"
    assert not asked
    assert api_key("main", account, {}) == "from-keyring"
    assert asked == [("vmgen_analytics", "main")]


@pytest.mark.parametrize("is_broken", [False, True])
def test_no_key_says_where_to_put_one(monkeypatch, is_broken):
    def ask(*_):
        if is_broken:  # else there is none
            raise keyring.errors.NoKeyringError

    monkeypatch.setattr(keyring, "get_password", ask)
    with pytest.raises(SettingsError, match="no API key for account 'main': set MY_KEY, or keep it in the system"):
        api_key("main", Account(key_env="MY_KEY"), {})


def test_a_client_takes_its_account_from_the_settings(write, monkeypatch):
    write('[accounts.second]\nbase_url = "http://127.0.0.1:1/api/"\nkey_env = "K2"\ntime_zone = "Asia/Tokyo"')
    with pytest.raises(SettingsError, match="set K2"):
        Client.from_env()
    monkeypatch.setenv("K2", "canary-123")
    with Client.from_env(max_workers=3) as client:
        assert repr(client) == "Client(account='second', base_url='http://127.0.0.1:1/api')"
        assert (client.max_workers, client.zone.key) == (3, "Asia/Tokyo")
    with Client.from_env("second", base_url="https://other.example.net") as client:
        assert client.base_url == "https://other.example.net"


def test_a_client_is_made_from_settings_that_are_read_already(monkeypatch):
    settings = Settings(accounts={"shop": Account(base_url="http://127.0.0.1:9", key_env="SHOP_KEY")})
    with pytest.raises(SettingsError, match="no API key for account 'shop': set SHOP_KEY"):
        Client.from_settings(settings)
    monkeypatch.setenv("SHOP_KEY", "a-key")
    with Client.from_settings(settings, max_workers=3) as client:
        assert (client.account_name, client.base_url, client.max_workers) == ("shop", "http://127.0.0.1:9", 3)
