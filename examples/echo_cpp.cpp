/* echo_cpp.cpp - the tutorial's first model in C++17: trained, measured, stopped early, and
 * saved, with seqecho/seqecho.hpp.
 * SPDX-License-Identifier: MIT
 *
 *     echo_cpp [FILE]
 *
 * FILE, if it is given, receives the model. */
#include <seqecho/seqecho.hpp>

#include <cstdio>
#include <iostream>

static seqecho::graph build()
{
    seqecho::graph model([](auto &o) { o.seed = 1; });

    model.add(seqecho::input({ 5, 100 }).batch(7))
        .add(seqecho::lstm(20).return_sequences().stateful())
        .add(seqecho::time_distributed(seqecho::dense(100).activation(SEQECHO_SOFTMAX)));
    return model;
}

static void run(const char *file)
{
    const auto data = seqecho::dataset::create([](auto &o) { o.seed = 1; });
    const auto fresh = seqecho::dataset::create([](auto &o) {
        o.seed = 1;
        o.held_out = true;
    });
    const auto model = build();
    auto trainer = seqecho::trainer::create(model, [](auto &o) {
        o.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
        o.metrics = SEQECHO_METRIC_ACCURACY;
    });

    std::cout << model.summary();
    const auto report = trainer.fit(
        data, [](auto &o) { o.epochs = 500; }, {},
        [](const seqecho_event &e) {
            if (e.kind == SEQECHO_EVENT_EPOCH_END && (e.epoch + 1) % 100 == 0)
                std::printf("epoch %d: loss %.4f\n", static_cast<int>(e.epoch + 1),
                            e.train->loss);
            return true;
        });
    std::printf("loss %.4f; on 50 fresh sequences %.4f of the numbers are right\n",
                report.loss, trainer.evaluate(fresh, 50).accuracy);
    if (file != nullptr)
        model.save(file);
}

int main(int argc, char **argv)
{
    try {
        run(argc > 1 ? argv[1] : nullptr);
    } catch (const seqecho::error &e) {
        std::cerr << e.name() << ": " << e.what() << '\n';
        return 1;
    }
    return 0;
}
