"""The workbook in JupyterLab, as `make lab` opens it: every notebook runs, and its panel answers."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import harness


def test_start_leads_to_the_notebooks(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/00_start_here.ipynb")
    expect(page.locator(".costlib").first).to_contain_text("as of 20")
    harness.screenshot(page, "lab-start")
    page.locator(".jp-Notebook a", has_text="13").first.click()
    page.wait_for_selector(".lm-TabBar-tab.lm-mod-current:has-text('13_plan')")


def test_find_a_price_follows_what_is_typed(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/01_find_a_price.ipynb")
    page.wait_for_selector(".costlib-main-chart .js-plotly-plot .point")
    said = page.locator(".costlib-answer").first
    before = said.inner_text()
    page.get_by_placeholder("p5, g6e.xlarge").fill("g6e.xlarge")
    expect(said).to_contain_text("g6e.xlarge")
    assert "g6e.xlarge" not in before
    harness.screenshot(page, "lab-find-a-price")


def test_fit_in_memory_answers_and_refuses_beside_the_control(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/02_fit_in_memory.ipynb")
    page.wait_for_selector(".costlib-main-chart .js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    # A row of the table, by the keyboard.
    page.locator("tr[data-click='A10G']").press("Enter")
    expect(answer).to_contain_text("does not fit on A10G")
    expect(page.get_by_label("Look closely at")).to_have_value("A10G")
    before = answer.inner_text()
    page.get_by_label("Attention", exact=True).select_option("standard")
    expect(answer).not_to_have_text(before, use_inner_text=True)
    good = answer.inner_text()
    heads = page.get_by_label("Attention heads (count)", exact=True)
    heads.fill("24")
    heads.press("Tab")
    told = page.locator(".costlib-control", has=heads).locator(".costlib-fault")
    expect(told).to_contain_text("does not divide hidden (1600)")
    expect(answer).to_have_text(good, use_inner_text=True)
    harness.screenshot(page, "lab-fit-in-memory")
    heads.fill("25")
    heads.press("Tab")
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save gpt2-1.5b-memory-accelerators.csv").click()
    assert "A10G" in download.value.path().read_text(encoding="utf-8")


def test_choose_precision_shows_what_binds_and_what_it_saves(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/03_choose_precision.ipynb")
    page.wait_for_selector(".costlib-main-chart .js-plotly-plot .point")
    answers = page.locator(".costlib-answer")
    expect(answers).to_have_count(3)
    before = answers.nth(0).inner_text()
    page.get_by_label("Start from").select_option("tinyllama-1.1b")
    expect(answers.nth(0)).to_contain_text("tinyllama-1.1b costs least in")
    assert "gpt2-1.5b" in before
    # A row of the table, by the keyboard: its roofline is drawn.
    page.locator("tr[data-click='H100 80GB SXM5']").press("Enter")
    roof = page.locator(".costlib-roofline .gtitle")
    expect(roof).to_contain_text("H100 80GB SXM5 in bf16")
    page.get_by_label("Precision", exact=True).select_option("fp8")
    expect(roof).to_contain_text("in fp8")
    gpu, waits = page.get_by_label("GPU busy (%)"), page.get_by_label("CPU waits for I/O (%)")
    expect(answers.nth(2)).to_contain_text("by its storage")
    waits.fill("2")
    waits.press("Tab")
    expect(answers.nth(2)).to_contain_text("too small a batch")
    gpu.fill("150")
    gpu.press("Tab")
    told = page.locator(".costlib-control", has=gpu).locator(".costlib-fault")
    expect(told).to_contain_text("percentage from 0 to 100")
    expect(answers.nth(2)).to_contain_text("too small a batch")
    gpu.fill("96")
    gpu.press("Tab")
    expect(told).to_have_count(0)
    expect(answers.nth(2)).to_contain_text("the accelerator itself")
    harness.screenshot(page, "lab-choose-precision")
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save tinyllama-1.1b-precision-plans.csv").click()
    assert "saved_by_speed_usd" in download.value.path().read_text(encoding="utf-8")
    assert page.watched.problems == []  # type: ignore[attr-defined]


def test_plan_answers_when_a_value_changes(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/13_plan.ipynb")
    page.wait_for_selector(".js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    before = answer.inner_text()
    size = page.get_by_label("Parameters (count)", exact=True)
    size.fill("3e9")
    size.press("Tab")
    expect(answer).not_to_have_text(before, use_inner_text=True)
    page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text(before, use_inner_text=True)
    harness.screenshot(page, "lab-plan")


def test_how_sure_shows_the_chosen_model(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/15_how_sure_are_we.ipynb")
    page.wait_for_selector(".costlib-main-chart .js-plotly-plot .point")
    title = page.locator(".costlib-main-chart .gtitle")
    expect(title).to_contain_text("memory")
    page.get_by_label("Look at").select_option(label="training time: accelerator-hours of published runs")
    expect(title).to_contain_text("accelerator-hours")
    page.get_by_label("only rows outside").check()
    expect(page.locator(".costlib-rows .costlib-table")).not_to_contain_text("inside")
    harness.screenshot(page, "lab-how-sure")
    expect(page.get_by_text("Commitments on years held out")).to_be_visible(timeout=120_000)


def test_scale_out_answers_on_each_tab(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/04_scale_out.ipynb")
    page.wait_for_selector(".costlib-main-chart .js-plotly-plot .point")
    said = page.locator(".costlib-answer:visible").first
    expect(said).to_contain_text("p4d.24xlarge")
    kind = page.get_by_label("Instance type", exact=True)
    kind.fill("p5.84xlarge")
    kind.press("Tab")
    expect(page.locator(".costlib-fault", has_text="p5.48xlarge")).to_be_visible()
    expect(said).to_contain_text("p4d.24xlarge")
    kind.fill("p5.48xlarge")
    kind.press("Tab")
    expect(said).to_contain_text("p5.48xlarge")
    page.get_by_role("tab", name="Few or many").click()
    expect(said).to_contain_text("Cheapest within 72 h")
    page.get_by_role("tab", name="Batch").click()
    points = page.get_by_label("Measured: batch, samples a second")
    points.fill("1, 16.67\n10, 66.67\n100, 95.24")
    points.press("Tab")
    expect(said).to_contain_text("at a batch of 45")
    harness.screenshot(page, "lab-scale-out")


def test_ride_spot_answers_at_once_and_replays_a_little_later(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/05_ride_spot.ipynb")
    page.wait_for_selector(".costlib-spot-checkpoints .js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    expect(answer).to_contain_text("gpt2-1.5b on spot")
    # The recorded part comes when it is replayed; every chart is drawn.
    page.wait_for_selector(".costlib-spot-odds .js-plotly-plot .point", state="visible")
    names = ("checkpoints", "mixes", "odds", "dates", "policies", "job", "moves", "drills", "pools")
    charts = {name: page.locator(f".costlib-spot-{name} .js-plotly-plot") for name in names}
    drawn = {}
    for name, chart in charts.items():
        expect(chart.locator(".xaxislayer-above .xtick, .xaxislayer-above .x2tick").first).to_be_visible()
        drawn[name] = chart.evaluate(DRAWN)
        assert drawn[name], name
    before = answer.inner_text()
    page.get_by_label("Instance type", exact=True).select_option("p5.48xlarge")
    expect(answer).to_contain_text("p5.48xlarge")
    assert "p5.48xlarge" not in before
    for name in names:
        page.wait_for_function(MOVED, arg=[f".costlib-spot-{name} .js-plotly-plot", drawn[name]])
    good = answer.inner_text()
    deadline = page.get_by_label("Deadline (hours)", exact=True)
    deadline.fill("-3")
    deadline.press("Tab")
    told = page.locator(".costlib-control", has=deadline).locator(".costlib-fault")
    expect(told).to_contain_text("above 0")
    expect(answer).to_have_text(good, use_inner_text=True)
    harness.screenshot(page, "lab-ride-spot")
    deadline.fill("72")
    deadline.press("Tab")
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Prepare CSV").first.click()
    with page.expect_download() as download:
        page.get_by_text("Save gpt2-1.5b-spot-policies.csv").click()
    assert "uniform_progress" in download.value.path().read_text(encoding="utf-8")
    assert page.watched.problems == []  # type: ignore[attr-defined]


def test_store_and_move_data_answers_samples_and_refuses(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/09_store_and_move_data.ipynb")
    page.wait_for_selector(".costlib-store-time .js-plotly-plot .scatterlayer .trace", state="attached")
    answer = page.locator(".costlib-answer").first
    expect(answer).to_contain_text("All in STANDARD")
    names = ("time", "frequency", "preprocess", "cache", "stalled", "network")
    for name in names:
        assert page.locator(f".costlib-store-{name} .js-plotly-plot").evaluate(DRAWN), name
    before = page.locator(".costlib-store-time .js-plotly-plot").evaluate(DRAWN)
    size = page.get_by_label("Stored at first (GiB)", exact=True)
    size.fill("9000")
    size.press("Tab")
    page.wait_for_function(MOVED, arg=[".costlib-store-time .js-plotly-plot", before])
    good = answer.inner_text()
    size.fill("-9")
    size.press("Tab")
    told = page.locator(".costlib-control", has=size).locator(".costlib-fault")
    expect(told).to_contain_text("at least 0")
    expect(answer).to_have_text(good, use_inner_text=True)
    size.fill("9000")
    size.press("Tab")
    expect(told).to_have_count(0)
    page.get_by_text("The lifecycle rules to paste").click()
    expect(page.locator(".costlib-json").first).to_contain_text('"StorageClass": "DEEP_ARCHIVE"')
    table = "id,kind\n" + "".join(f"{number},cat\n" for number in range(2000))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Sample a file").click()
    chooser.value.set_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": table.encode()})
    expect(page.locator(".costlib")).to_contain_text("Measured on mine.csv")
    harness.screenshot(page, "lab-store-and-move-data")
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save training-storage-lines.csv").click()
    assert "usd_per_gib_month" in download.value.path().read_text(encoding="utf-8")
    assert page.watched.problems == []  # type: ignore[attr-defined]


def test_choose_a_service_flips_and_refuses_beside_the_control(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/07_choose_a_service.ipynb")
    page.wait_for_selector(".costlib-service-bars .js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    expect(answer).to_contain_text("SageMaker is the cheapest")
    names = ("bars", "map", "packing")
    charts = {name: page.locator(f".costlib-service-{name} .js-plotly-plot") for name in names}
    drawn = {}
    for name, chart in charts.items():
        expect(chart.locator(".xtick").first).to_be_visible()
        drawn[name] = chart.evaluate(DRAWN)
    each = page.get_by_label("Hours a job", exact=True)
    each.fill("4")
    each.press("Tab")
    expect(answer).to_contain_text("AWS Batch is the cheapest")
    for name in names:
        page.wait_for_function(MOVED, arg=[f".costlib-service-{name} .js-plotly-plot", drawn[name]])
    good = answer.inner_text()
    gpus = page.get_by_label("GPUs a job (count)", exact=True)
    gpus.fill("9")
    gpus.press("Tab")
    said = page.locator(".costlib-control", has=gpus).locator(".costlib-fault")
    expect(said).to_contain_text("is more than g5.12xlarge has, 4")
    expect(answer).to_have_text(good, use_inner_text=True)
    gpus.fill("1")
    gpus.press("Tab")
    expect(said).to_have_count(0)
    page.get_by_label("Start from").select_option("one long job")
    expect(answer).to_contain_text("people's time")
    expect(charts["packing"]).to_be_hidden()
    harness.screenshot(page, "lab-choose-a-service")
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save services-lines.csv").click()
    assert "service_premium" in download.value.path().read_text(encoding="utf-8")
    assert page.watched.problems == []  # type: ignore[attr-defined]


def test_commit_answers_at_once_and_moves_with_the_weight(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/06_commit.ipynb")
    page.wait_for_selector(".costlib-commit-ladder .js-plotly-plot .xtick")
    answer = page.locator(".costlib-answer").first
    expect(answer).to_contain_text("Buy the")
    names = ("layers", "scenarios", "cash", "frontier", "ladder", "offer")
    drawn = {}
    for name in names:
        chart = page.locator(f".costlib-commit-{name} .js-plotly-plot")
        expect(chart.locator(".xtick").first).to_be_visible()
        drawn[name] = chart.evaluate(DRAWN)
        assert drawn[name], name
    # What follows later is there: hindsight among the futures, and the band of the saving.
    expect(answer).to_contain_text("as the estimated rates go")
    before = answer.inner_text()
    # Down to no caution at all: there something else is bought.
    harness.move_slider(page, -5)
    expect(answer).not_to_have_text(before, use_inner_text=True)
    for name in ("layers", "scenarios", "cash", "frontier"):
        page.wait_for_function(MOVED, arg=[f".costlib-commit-{name} .js-plotly-plot", drawn[name]])
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("tab", name="What may come").click()
    # The slider came there in steps; this is the answer of the last but one, with its band.
    expect(answer).to_contain_text("as the estimated rates go")
    good = answer.inner_text()
    chance = page.get_by_label("All ends within a year (% chance)")
    chance.fill("150")
    chance.press("Tab")
    told = page.locator(".costlib-control", has=chance).locator(".costlib-fault")
    expect(told).to_contain_text("from 0 to 99.9 %")
    expect(page.get_by_role("tab", name="What may come ⚠")).to_be_visible()
    expect(answer).to_have_text(good, use_inner_text=True)
    chance.fill("40")
    chance.press("Tab")
    expect(told).to_have_count(0)
    expect(answer).not_to_have_text(good, use_inner_text=True)
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save commit-cash-by-month.csv").click()
    assert "saved_so_far_usd" in download.value.path().read_text(encoding="utf-8")
    harness.screenshot(page, "lab-commit")
    assert page.watched.problems == []  # type: ignore[attr-defined]


#: The numbers that a chart has drawn, as text; and whether they have become others.
DRAWN = "plot => JSON.stringify(plot._fullData.map(one => [one.x, one.y, one.base]))"
MOVED = f"([at, before]) => {{ const said = {DRAWN}; return said(document.querySelector(at)) !== before; }}"


def test_choose_a_region_answers_and_travels_without_a_network(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "notebooks/08_choose_a_region.ipynb")
    page.wait_for_selector(".costlib-region-costs .js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    expect(answer).to_contain_text("us-west-2 is cheapest")
    expect(answer).to_contain_text("By the price of instances alone it would be us-east-1")
    # The map is drawn from what the page brought: nothing was asked of another machine.
    page.wait_for_selector(".costlib-region-map .js-plotly-plot .point")
    assert page.locator(".costlib-region-map .js-plotly-plot .point").count() >= 30
    expect(page.locator(".costlib-region-map .js-line").first).to_be_attached()
    size = page.get_by_label("Dataset (GiB)", exact=True)
    size.fill("50")
    size.press("Tab")
    expect(answer).to_contain_text("us-east-1 is cheapest")
    good = answer.inner_text()
    bounds = page.get_by_label("Data may be in", exact=True)
    bounds.fill("Eurpe")
    bounds.press("Tab")
    told = page.locator(".costlib-control", has=bounds).locator(".costlib-fault")
    expect(told).to_contain_text("did you mean Europe")
    expect(answer).to_have_text(good, use_inner_text=True)
    bounds.fill("Europe")
    bounds.press("Tab")
    expect(told).to_have_count(0)
    expect(answer).to_contain_text("eu-")
    prices = page.get_by_label("Prices (CSV", exact=False)
    prices.fill("month,region,usd_per_hour\n1,eu-west-1,30\n2,eu-west-1,30\n1,eu-north-1,20\n2,eu-north-1,2\n")
    prices.press("Tab")
    page.wait_for_selector(".costlib-region-follow .js-plotly-plot .point", state="visible")
    harness.screenshot(page, "lab-choose-a-region")
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download() as download:
        page.get_by_text("Save gpt2-1.5b-region-regions.csv").click()
    assert "break_even_gib" in download.value.path().read_text(encoding="utf-8")
    assert page.watched.problems == []  # type: ignore[attr-defined]
    assert page.watched.foreign_urls == []  # type: ignore[attr-defined]
