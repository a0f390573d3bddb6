// onednn_peer.cpp - oneDNN at the work of the benchmark.
// SPDX-License-Identifier: MIT
//
// The recurrences are oneDNN's LSTM primitives, the products of the last layer its sgemm;
// softmax with cross-entropy, column sums and Adam are loops for the compiler to vectorise
// (-ffast-math gives them the vector exponential), as the library has no primitives for
// them, or none that would be faster at these sizes.
#include <algorithm>
#include <mutex>

#include "onednn_lstm.h"

// Dense(100) with softmax and cross-entropy over all rows of a batch.
class dense
{
  public:
    dense(long rows, long units)
        : rows_(rows), units_(units), w_(size(units * CLASSES)), dw_(w_.size()),
          b_(CLASSES), db_(CLASSES), z_(size(rows * CLASSES)),
          weights_(w_.data(), dw_.data(), w_.size()),
          biases_(b_.data(), db_.data(), b_.size())
    {
        peer_fill(w_.data(), w_.size(),
                  std::sqrt(6 / static_cast<double>(units + CLASSES)));
    }

    // The mean loss; z becomes its gradient.
    double loss(const float *y, const int *classes)
    {
        double sum = 0;
        std::mutex joining;

        for (long r = 0; r < rows_; r++)
            std::copy(b_.begin(), b_.end(), &z_[size(r * CLASSES)]);
        dnnl_sgemm('N', 'N', rows_, CLASSES, units_, 1, y, units_, w_.data(), CLASSES, 1,
                   z_.data(), CLASSES);
        in_parts(rows_, 200, [&](long from, long to) {
            double part = 0;

            for (long r = from; r < to; r++)
                part += cross_entropy(&z_[size(r * CLASSES)], classes[r]);
            const std::lock_guard<std::mutex> lock(joining);
            sum += part;
        });
        return sum / static_cast<double>(rows_);
    }

    void backward(const float *y, float *dy)
    {
        dnnl_sgemm('N', 'T', rows_, units_, CLASSES, 1, z_.data(), CLASSES, w_.data(),
                   CLASSES, 0, dy, units_);
        dnnl_sgemm('T', 'N', units_, CLASSES, rows_, 1, y, units_, z_.data(), CLASSES, 0,
                   dw_.data(), CLASSES);
        std::fill(db_.begin(), db_.end(), 0.f);
        for (long r = 0; r < rows_; r++)
            for (long j = 0; j < CLASSES; j++)
                db_[size(j)] += z_[size(r * CLASSES + j)];
    }

    void update(float rate)
    {
        weights_.update(rate);
        biases_.update(rate);
    }

  private:
    static size_t size(long n)
    {
        return static_cast<size_t>(n);
    }

    double cross_entropy(float *z, int right) const
    {
        const float shift = *std::max_element(z, z + CLASSES), chosen = z[right] - shift;
        float sum = 0;

        for (long j = 0; j < CLASSES; j++) {
            z[j] = std::exp(z[j] - shift);
            sum += z[j];
        }
        const float scale = 1 / (sum * static_cast<float>(rows_));
        for (long j = 0; j < CLASSES; j++)
            z[j] *= scale;
        z[right] -= 1 / static_cast<float>(rows_);
        return static_cast<double>(std::log(sum) - chosen);
    }

    long rows_, units_;
    std::vector<float> w_, dw_, b_, db_, z_;
    adam weights_, biases_;
};

class training
{
  public:
    explicit training(const peer_args &a)
        : args_(a), layers_(), dense_(a.out_steps * a.batch, a.units)
    {
        const long batches = peer_is_demo(&a) ? RING * (ROWS / a.batch) : 1;

        layers_.emplace_back(
            new training_lstm(m_, lstm_shapes(a.steps, a.batch, a.features, a.units)));
        if (peer_is(&a, "encoder_decoder"))
            layers_.emplace_back(
                new training_lstm(m_, lstm_shapes(a.out_steps, a.batch, a.units, a.units)));
        x_.resize(size(batches), std::vector<float>(size(a.steps * a.batch * a.features)));
        y_.resize(size(batches), std::vector<int>(size(a.out_steps * a.batch)));
        if (peer_is_demo(&a)) {
            one_hot();
        } else {
            peer_fill(x_[0].data(), x_[0].size(), .5);
            std::generate(y_[0].begin(), y_[0].end(), peer_class);
        }
    }

    double batch()
    {
        const size_t turn = done_ % x_.size();
        training_lstm &first = *layers_.front(), &last = *layers_.back();

        if (peer_is(&args_, "seq2seq"))
            carry(turn % 3 == 0);
        first.in.x.set_data_handle(x_[turn].data());
        first.forward(m_);
        if (&first != &last) {
            repeat(floats(first.in.h[1]), floats(last.in.x));
            last.forward(m_);
        }
        loss_ = dense_.loss(floats(last.in.y), y_[turn].data());
        dense_.backward(floats(last.in.y), floats(last.dy));
        last.backward(m_);
        if (&first != &last) {
            sum(floats(last.dx), floats(first.dh));
            first.backward(m_);
        }
        update();
        return loss_;
    }

    // The mean over the last ones of all batches.
    double loss()
    {
        double sum = 0;

        for (size_t i = 0; i < x_.size(); i++)
            sum += batch();
        return sum / static_cast<double>(x_.size());
    }

  private:
    static size_t size(long n)
    {
        return static_cast<size_t>(n);
    }

    // Rows are time-major, as the primitives want them.
    void one_hot()
    {
        const size_t rows = size(RING * ROWS), b = size(args_.batch);
        const size_t n_in = size(args_.steps), n_out = size(args_.out_steps);
        std::vector<int> x(rows * n_in), y(rows * n_out);

        peer_windows(&args_, x.data(), y.data());
        for (size_t r = 0; r < rows; r++) {
            for (size_t t = 0; t < n_in; t++)
                x_[r / b][(t * b + r % b) * CLASSES + size(x[r * n_in + t])] = 1;
            for (size_t t = 0; t < n_out; t++)
                y_[r / b][t * b + r % b] = y[r * n_out + t];
        }
    }

    void carry(bool fresh)
    {
        lstm_memory &in = layers_[0]->in;
        const size_t bytes = in.h[0].get_desc().get_size();

        for (auto *state : { in.h, in.c }) {
            if (fresh)
                std::memset(floats(state[0]), 0, bytes);
            else
                std::memcpy(floats(state[0]), floats(state[1]), bytes);
        }
    }

    void repeat(const float *h, float *x) const
    {
        const size_t count = size(args_.batch * args_.units);

        for (long t = 0; t < args_.out_steps; t++)
            std::copy(h, h + count, x + size(t) * count);
    }

    void sum(const float *dx, float *dh) const
    {
        const size_t count = size(args_.batch * args_.units);

        std::copy(dx, dx + count, dh);
        for (size_t t = 1; t < size(args_.out_steps); t++)
            for (size_t i = 0; i < count; i++)
                dh[i] += dx[t * count + i];
    }

    void update()
    {
        const double t = static_cast<double>(++done_);
        const double rate = 1e-3 * std::sqrt(1 - std::pow(.999, t)) / (1 - std::pow(.9, t));

        for (auto &layer : layers_)
            layer->update(static_cast<float>(rate));
        dense_.update(static_cast<float>(rate));
    }

    const peer_args args_;
    machine m_;
    std::vector<std::unique_ptr<training_lstm>> layers_;
    dense dense_;
    std::vector<std::vector<float>> x_;
    std::vector<std::vector<int>> y_;
    size_t done_ = 0;
    double loss_ = 0;
};

struct inference {
    machine m;
    inferring_lstm lstm;

    explicit inference(const peer_args &a)
        : lstm(m, lstm_shapes(a.steps, a.batch, a.features, a.units))
    {
        lstm.feed_back = peer_is(&a, "step");
        peer_fill(floats(lstm.in.x), lstm_memory::count(lstm.in.x), .5);
    }

    double sum() const
    {
        double result = 0;

        for (size_t i = 0; i < lstm_memory::count(lstm.in.y); i++)
            result += static_cast<double>(floats(lstm.in.y)[i]);
        return result;
    }
};

int main(int argc, char **argv)
{
    const peer_args a = peer_parse(argc, argv);
    const dnnl_version_t *const v = dnnl_version();
    peer_times t;
    double first, last;
    char version[64];

    std::snprintf(version, sizeof(version), "%d.%d.%d", v->major, v->minor, v->patch);
    omp_set_num_threads(static_cast<int>(a.threads));
    if (peer_trains(&a)) {
        training work(a);

        first = work.batch();
        t = peer_measure(
            &a, [](void *w) { static_cast<training *>(w)->batch(); }, &work);
        last = work.loss();
    } else {
        inference work(a);

        work.lstm.run(work.m);
        first = work.sum();
        t = peer_measure(
            &a,
            [](void *w) {
                auto *const i = static_cast<inference *>(w);
                i->lstm.run(i->m);
            },
            &work);
        last = work.sum();
    }
    return peer_report(&a, "onednn", version, t, first, last);
}
