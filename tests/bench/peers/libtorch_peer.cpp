// libtorch_peer.cpp - PyTorch's C++ interface at the work of the benchmark.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <vector>

#include <torch/torch.h>

#include "peer.h"

using torch::Tensor;

static void initialise(torch::nn::LSTM &lstm)
{
    const torch::NoGradGuard guard;
    const int64_t units = lstm->options.hidden_size();

    for (auto &parameter : lstm->named_parameters()) {
        Tensor &value = parameter.value();
        const std::string &name = parameter.key();

        if (name.find("weight_ih") == 0)
            torch::nn::init::xavier_uniform_(value);
        else if (name.find("weight_hh") == 0)
            torch::nn::init::orthogonal_(value);
        else
            value.zero_();
        if (name.find("bias_ih") == 0)
            value.slice(0, units, 2 * units).fill_(1);
    }
}

static torch::nn::LSTM lstm(int64_t features, int64_t units)
{
    torch::nn::LSTM layer(torch::nn::LSTMOptions(features, units).batch_first(true));

    initialise(layer);
    return layer;
}

// A tensor of class numbers: rows x steps.
static Tensor classes(std::vector<int> &numbers, int64_t steps)
{
    const auto count = static_cast<int64_t>(numbers.size());

    return torch::from_blob(numbers.data(), { count / steps, steps }, torch::kInt)
        .to(torch::kLong);
}

class training
{
  public:
    explicit training(const peer_args &a)
        : args_(a), first_(lstm(a.features, a.units)), dense_(a.units, CLASSES)
    {
        const torch::NoGradGuard guard;

        parameters_ = first_->parameters();
        torch::nn::init::xavier_uniform_(dense_->weight);
        dense_->bias.zero_();
        if (peer_is(&a, "encoder_decoder")) {
            second_ = lstm(a.units, a.units);
            append(second_->parameters());
        }
        append(dense_->parameters());
        adam_.reset(
            new torch::optim::Adam(parameters_, torch::optim::AdamOptions(1e-3).eps(1e-7)));
        if (peer_is_demo(&a))
            one_hot();
        else
            random();
    }

    double batch()
    {
        const size_t turn = done_++ % x_.size();

        if (!peer_is(&args_, "seq2seq") || turn % 3 == 0)
            h_ = c_ = torch::zeros({ 1, args_.batch, args_.units });
        const Tensor y = forward(x_[turn]);
        const Tensor z = dense_->forward(y).reshape({ -1, CLASSES });
        const Tensor loss = torch::nn::functional::cross_entropy(z, y_[turn]);

        for (Tensor &p : parameters_)
            p.mutable_grad() = Tensor();
        loss.backward();
        adam_->step();
        return loss.item<double>();
    }

    double loss()
    {
        double sum = 0;

        for (size_t i = 0; i < x_.size(); i++)
            sum += batch();
        return sum / static_cast<double>(x_.size());
    }

  private:
    void append(const std::vector<Tensor> &more)
    {
        parameters_.insert(parameters_.end(), more.begin(), more.end());
    }

    Tensor forward(const Tensor &x)
    {
        auto result = first_->forward(x, std::make_tuple(h_, c_));
        const Tensor &h = std::get<0>(std::get<1>(result));

        if (peer_is(&args_, "encoder_decoder")) {
            const Tensor repeated = h[0].unsqueeze(1).expand({ -1, args_.out_steps, -1 });

            return std::get<0>(second_->forward(repeated));
        }
        h_ = h.detach();
        c_ = std::get<1>(std::get<1>(result)).detach();
        return std::get<0>(result);
    }

    void one_hot()
    {
        std::vector<int> x(static_cast<size_t>(RING * ROWS * args_.steps));
        std::vector<int> y(static_cast<size_t>(RING * ROWS * args_.out_steps));

        peer_windows(&args_, x.data(), y.data());
        const Tensor all_x =
            torch::one_hot(classes(x, args_.steps), CLASSES).to(torch::kFloat);
        const Tensor all_y = classes(y, args_.out_steps);
        for (int64_t row = 0; row < RING * ROWS; row += args_.batch) {
            x_.push_back(all_x.slice(0, row, row + args_.batch));
            y_.push_back(all_y.slice(0, row, row + args_.batch).reshape({ -1 }));
        }
    }

    void random()
    {
        x_.push_back(torch::rand({ args_.batch, args_.steps, args_.features }) - .5);
        y_.push_back(
            torch::randint(0, CLASSES, { args_.batch * args_.steps }, torch::kLong));
    }

    const peer_args args_;
    torch::nn::LSTM first_, second_{ nullptr };
    torch::nn::Linear dense_;
    std::unique_ptr<torch::optim::Adam> adam_;
    std::vector<Tensor> parameters_, x_, y_;
    Tensor h_, c_;
    size_t done_ = 0;
};

// A cell for one step a call, the layer for whole batches.
class inference
{
  public:
    explicit inference(const peer_args &a)
        : step_(peer_is(&a, "step")), cell_(a.features, a.units),
          layer_(a.features, a.units),
          x_(torch::rand({ a.steps, a.batch, a.features }) - .5),
          h_(torch::zeros({ 1, a.units })), c_(torch::zeros({ 1, a.units }))
    {
        if (step_)
            x_ = x_[0];
    }

    void run()
    {
        if (step_)
            std::tie(h_, c_) = cell_->forward(x_, std::make_tuple(h_, c_));
        else
            h_ = std::get<0>(layer_->forward(x_));
    }

    double sum() const
    {
        return h_.sum().item<double>();
    }

  private:
    const torch::NoGradGuard guard_;
    bool step_;
    torch::nn::LSTMCell cell_;
    torch::nn::LSTM layer_;
    Tensor x_, h_, c_;
};

int main(int argc, char **argv)
{
    const peer_args a = peer_parse(argc, argv);
    peer_times t;
    double first, last;

    torch::manual_seed(1);
    if (peer_trains(&a)) {
        training work(a);

        first = work.batch();
        t = peer_measure(
            &a, [](void *w) { static_cast<training *>(w)->batch(); }, &work);
        last = work.loss();
    } else {
        inference work(a);

        work.run();
        first = work.sum();
        t = peer_measure(
            &a, [](void *w) { static_cast<inference *>(w)->run(); }, &work);
        last = work.sum();
    }
    return peer_report(&a, "libtorch", TORCH_VERSION, t, first, last);
}
