/* test_wrapper.cpp - seqecho.hpp: every method once, the same bits as in C, errors, moves.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__cpp_lib_span)
#include <span>
#endif

static int failures, checks;

static void expect(bool good, const char *what, int line)
{
    checks++;
    if (good)
        return;
    failures++;
    std::fprintf(stderr, "line %d: %s\n", line, what);
}
#define EXPECT(...) expect(__VA_ARGS__, #__VA_ARGS__, __LINE__)

/* The call throws that code, with that text in the message. */
template <class F> static void throws(F &&f, int code, const char *text, int line)
{
    try {
        f();
    } catch (const seqecho::error &e) {
        expect(e.code() == code, e.name(), line);
        expect(std::strstr(e.what(), text) != nullptr, e.what(), line);
        return;
    }
    expect(false, "nothing was thrown", line);
}
#define THROWS(CODE, TEXT, ...) throws([&] { __VA_ARGS__; }, CODE, TEXT, __LINE__)

static seqecho::graph build()
{
    seqecho::graph model([](auto &o) { o.seed = 3; });

    model.add(seqecho::input({ 4, 9 }).batch(3))
        .add(seqecho::lstm(5).return_sequences().stateful().name("memory"))
        .add(seqecho::time_distributed(seqecho::dense(9).activation(SEQECHO_SOFTMAX)));
    return model;
}

static seqecho::dataset draw(bool held_out = false)
{
    return seqecho::dataset::create([&](auto &o) {
        o.length = 9;
        o.n_unique = 9;
        o.n_in = 4;
        o.seed = 3;
        o.held_out = held_out;
    });
}

static seqecho::trainer train(const seqecho::graph &model)
{
    return seqecho::trainer::create(model, [](auto &o) {
        o.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
        o.metrics = SEQECHO_METRIC_ACCURACY;
    });
}

/* The same by the C interface. */
static void same_as_in_c()
{
    seqecho_graph_options seed = seqecho_options_init<seqecho_graph_options>();
    seqecho_trainer_options how = seqecho_options_init<seqecho_trainer_options>();
    seqecho_fit_options fit = seqecho_options_init<seqecho_fit_options>();
    seqecho_input_spec input = seqecho_spec_init<seqecho_input_spec>();
    seqecho_lstm_spec lstm = seqecho_spec_init<seqecho_lstm_spec>();
    seqecho_dense_spec dense = seqecho_spec_init<seqecho_dense_spec>();
    seqecho_time_distributed_spec each = seqecho_spec_init<seqecho_time_distributed_spec>();
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_graph *graph = nullptr;
    seqecho_trainer *trainer = nullptr;
    auto data = draw();

    seed.seed = 3;
    how.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
    how.metrics = SEQECHO_METRIC_ACCURACY;
    fit.epochs = 6;
    input.batch = 3;
    input.dim[0] = 4;
    input.dim[1] = 9;
    lstm.units = 5;
    lstm.return_sequences = true;
    lstm.stateful = true;
    lstm.name = "memory";
    dense.units = 9;
    dense.activation = SEQECHO_SOFTMAX;
    each.inner = &dense.head;
    seqecho::check(seqecho_graph_create(&graph, &seed));
    seqecho_graph_add(graph, &input.head);
    seqecho_graph_add(graph, &lstm.head);
    seqecho_graph_add(graph, &each.head);
    seqecho::check(seqecho_trainer_create(&trainer, graph, &how));
    seqecho::check(seqecho_trainer_fit_dataset(trainer, data.get(), &fit, &report));

    auto model = build();
    auto other = train(model);
    const auto told = other.fit(draw(), [](auto &o) { o.epochs = 6; });
    const seqecho::graph c(graph);
    EXPECT(told.loss == report.loss);
    EXPECT(model.summary() == c.summary());
    EXPECT(model.weight_names() == c.weight_names());
    for (const auto &name : model.weight_names())
        EXPECT(model.weight(name) == c.weight(name));
    seqecho_trainer_destroy(trainer);
}

static void datasets()
{
    auto data = draw();
    const auto before =
        std::vector<std::int32_t>(data.sequence().begin(), data.sequence().end());
    const std::array<std::int32_t, 9> own = { 1, 2, 3, 4, 5, 6, 7, 8, 0 };

    EXPECT(before.size() == 9 && data.position() == 1);
    data.next();
    EXPECT(data.position() == 2);
    data.seek(0);
    data.next();
    EXPECT(std::memcmp(before.data(), data.sequence().data(), 9 * sizeof before[0]) == 0);
    data.set_sequence(own);
    EXPECT(data.sequence()[8] == 0 && data.sequence()[0] == 1);
    EXPECT(data.decode(static_cast<const float *>(data.x().data), 4) ==
           std::vector<std::int32_t>({ 1, 2, 3, 4 }));
    EXPECT(data.y().rank == 3 && data.y().dim[1] == 4);
    THROWS(SEQECHO_EINVAL, "n_in", seqecho::dataset::create([](auto &o) { o.n_in = 30; }));
}

static void functional()
{
    seqecho::graph model;
    seqecho_node *const x = model.input(seqecho::input({ 4, 2 }).name("x").lengths());
    seqecho_layer *const both =
        model.create(seqecho::bidirectional(seqecho::gru(3).go_backwards(false))
                         .merge(SEQECHO_MERGE_SUM));
    seqecho_node *const y = model.call(both, x);
    seqecho_node *const z = model.call(
        model.create(seqecho::layer<seqecho_merge_spec>(SEQECHO_KIND_ADD, [](auto &) {})),
        { y, y });

    model.output(model.call(model.create(seqecho::dense(1).name("out")), z));
    EXPECT(model.parameter_count() > 0);
    EXPECT(model.dot().find("Bidirectional(GRU, GRU)") != std::string::npos);
    model.set_trainable("out", false);
    model.set_weight("out/bias", std::vector<float>{ 2.5f });
    EXPECT(model.weight("out/bias") == std::vector<float>{ 2.5f });
    THROWS(SEQECHO_ENOTFOUND, "nobody", model.weight("nobody/kernel"));
    THROWS(SEQECHO_ESTATE, "building has ended", model.input(seqecho::input({ 2 })));
    THROWS(SEQECHO_EINVAL, "units is 0, ",
           seqecho::graph().add(seqecho::input({ 2, 2 })).add(seqecho::simple_rnn(0)));
}

/* Each class of layers, and what it sets. */
static void layers()
{
    const auto all =
        seqecho::lstm(4).return_state().go_backwards().dropout(0.5f).recurrent_dropout(
            0.25f);
    const auto repeat = seqecho::repeat_vector(3);
    const auto drop = seqecho::layer<seqecho_dropout_spec>([](auto &s) { s.rate = 0.5f; });

    EXPECT(all.c.units == 4 && all.c.return_state && all.c.go_backwards);
    EXPECT(all.c.dropout == 0.5f && all.c.recurrent_dropout == 0.25f);
    EXPECT(repeat.get()->kind == SEQECHO_KIND_REPEAT_VECTOR && repeat.c.n == 3);
    EXPECT(drop.get()->kind == SEQECHO_KIND_DROPOUT);
    /* Copies have the inner description of their own. */
    auto *const one = new auto(seqecho::time_distributed(seqecho::dense(2)));
    const auto two = *one;
    delete one;
    const auto *const c =
        reinterpret_cast<const seqecho_time_distributed_spec *>(two.get());
    EXPECT(reinterpret_cast<const seqecho_dense_spec *>(c->inner)->units == 2);
    const auto nested = seqecho::time_distributed(seqecho::time_distributed(two));
    EXPECT(reinterpret_cast<const seqecho_time_distributed_spec *>(nested.get())
               ->inner->kind == SEQECHO_KIND_TIME_DISTRIBUTED);
}

static void handles()
{
    auto model = build();
    const seqecho::graph copy(model);
    seqecho::graph moved(std::move(model));

    EXPECT(model.get() == nullptr && moved.get() == copy.get());
    model = copy;
    EXPECT(model.get() == copy.get());
    auto data = draw();
    seqecho_dataset *const raw = data.get();
    auto other = std::move(data);
    EXPECT(data.get() == nullptr && other.get() == raw);
    EXPECT(other.release() == raw && other.get() == nullptr);
    seqecho_dataset_destroy(raw);
}

static void views()
{
    const std::vector<float> numbers(12);
    const std::int32_t classes[4] = { 1, 2, 3, 4 };
    const seqecho_view one = seqecho::view(numbers, { 2, 3, 2 });
    const seqecho_view two = seqecho::view(classes, { 2, 2 });
    bool thrown = false;

    EXPECT(one.rank == 3 && one.dim[1] == 3 && one.dtype == SEQECHO_FLOAT32);
    EXPECT(one.data == numbers.data());
    EXPECT(two.rank == 2 && two.dtype == SEQECHO_INT32 && two.data == classes);
#if defined(__cpp_lib_span)
    EXPECT(seqecho::view(std::span<const float>(numbers), { 12 }).data == numbers.data());
#endif
    try {
        (void)seqecho::view(numbers, { 2, 5 });
    } catch (const std::invalid_argument &e) {
        thrown = std::strstr(e.what(), "10 elements, the array 12") != nullptr;
    }
    EXPECT(thrown);
    for (const auto &shape : { std::vector<std::int64_t>{ -1 },
                               std::vector<std::int64_t>{ INT64_MAX, INT64_MAX } }) {
        thrown = false;
        try {
            if (shape.size() == 1)
                (void)seqecho::view(numbers, { shape[0] });
            else
                (void)seqecho::view(numbers, { shape[0], shape[1] });
        } catch (const std::invalid_argument &) {
            thrown = true;
        }
        EXPECT(thrown);
    }
}

static void training()
{
    auto model = build();
    auto trainer = train(model);
    auto data = draw();
    int seen = 0;
    auto stop = seqecho::callback::early_stopping([](auto &o) { o.patience = 100; });
    const auto slower = seqecho::callback::reduce_lr();
    const auto nan = seqecho::callback::stop_on_nan();
    const auto report = trainer.fit(
        data, [](auto &o) { o.epochs = 5; }, { &stop, &slower, &nan },
        [&](const seqecho_event &e) {
            seen += e.kind == SEQECHO_EVENT_EPOCH_END;
            return e.epoch < 2;
        });

    EXPECT(seen == 2 && trainer.history("loss").size() == 2);
    EXPECT(trainer.history("nonsense").empty());
    EXPECT(trainer.history("loss").back() == report.loss);
    EXPECT(trainer.evaluate(draw(true), 2).samples == 12);
    trainer.set(SEQECHO_PARAM_LEARNING_RATE, 0.5);
    EXPECT(trainer.param(SEQECHO_PARAM_LEARNING_RATE) == 0.5);
    std::vector<float> out(6 * 4 * 9);
    trainer.reset_states();
    trainer.predict(data.x(), out);
    EXPECT(trainer.evaluate(data.x(), data.y()).samples == 6);
    auto x = data.x(), y = data.y();
    x.dim[0] = y.dim[0] = 3;
    EXPECT(trainer.train_on_batch(x, y).samples == 3);
    EXPECT(trainer.fit(x, y).samples == 3);
    THROWS(SEQECHO_EINVAL, "out is NULL",
           trainer.predict(data.x(), seqecho::span<float>()));
    /* What a handler throws comes out of the fit. */
    try {
        trainer.fit(data, {}, {}, [](const seqecho_event &) -> bool {
            throw std::runtime_error("from inside");
        });
        EXPECT(false);
    } catch (const std::runtime_error &e) {
        EXPECT(std::strcmp(e.what(), "from inside") == 0);
    }
}

static void prediction()
{
    auto model = build();
    auto data = draw();
    auto predictor = seqecho::predictor::create(model, [](auto &o) { o.trace = true; });
    auto one = seqecho::predictor::create(model, [](auto &o) { o.batch = 1; });
    std::vector<float> out(3 * 4 * 9), again(out.size()), step(9);
    seqecho_view x = data.x(), shape = seqecho_view();
    const float row[9] = { 1.0f };
    const std::int32_t first = 0;

    x.dim[0] = 3;
    predictor.run(x, out);
    EXPECT(predictor.trace("memory", SEQECHO_TRACE_CELL_STATE, &shape).size() == 3 * 4 * 5);
    EXPECT(shape.rank == 3 && shape.dim[0] == 3 && shape.dim[1] == 4 && shape.dim[2] == 5);
    predictor.reset_states();
    predictor.run(&x, again);
    EXPECT(out == again);
    one.step(row, step.data());
    std::vector<float> same(9);
    one.reset_states();
    one.step_classes(&first, same.data());
    EXPECT(step == same);
    THROWS(SEQECHO_ESTATE, "without .trace",
           (void)one.trace("memory", SEQECHO_TRACE_OUTPUT));
}

/* In a directory of its own. */
static void files()
{
    char place[] = "/tmp/seqecho-cpp-XXXXXX";

    EXPECT(mkdtemp(place) != nullptr);
    const std::string dir = place;
    auto model = build();
    auto trainer = train(model);
    const auto log = seqecho::callback::csv_log(dir + "/log.csv");
    const auto board = seqecho::callback::tensorboard(dir + "/board");
    const auto saves =
        seqecho::callback::checkpoint(dir + "/run", [](auto &o) { o.keep = 1; });

    trainer.fit(draw(), [](auto &o) { o.epochs = 2; }, { &log, &board, &saves });
    model.save(dir + "/model.safetensors");
    const auto loaded = seqecho::graph::load(dir + "/model.safetensors");
    EXPECT(loaded.save() == model.save());
    EXPECT(seqecho::graph::load(model.save()).summary() == model.summary());
    auto fresh = build();
    EXPECT(fresh.load_weights(dir + "/model.safetensors") == fresh.weight_names().size());
    EXPECT(fresh.weight("memory/kernel") == model.weight("memory/kernel"));
    const auto latest = seqecho::checkpoint_latest(dir + "/run");
    auto other = build();
    auto resumed = train(other);
    resumed.restore(latest);
    EXPECT(resumed.history("loss") == trainer.history("loss"));
    resumed.save(dir + "/last.safetensors");
    THROWS(SEQECHO_EIO, "No such file", seqecho::graph::load(dir + "/none"));
    THROWS(SEQECHO_ENOTFOUND, "no whole checkpoint", seqecho::checkpoint_latest(dir));
    EXPECT(std::system(("rm -r '" + dir + "'").c_str()) == 0);
}

int main()
{
    same_as_in_c();
    datasets();
    functional();
    layers();
    handles();
    views();
    training();
    prediction();
    files();
    std::printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
