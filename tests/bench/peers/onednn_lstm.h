/* onednn_lstm.h - an LSTM layer that trains, and one that infers, of oneDNN's primitives.
 * SPDX-License-Identifier: MIT
 *
 * oneDNN 2. The primitives choose how weights lie in memory; the parameters that Adam works
 * on lie as (inputs, gate, unit), and are reordered before a pass where that differs. What
 * a primitive is given is put together once, in the form that the library's C interface
 * takes, so that a call costs as little as it can. */
#ifndef ONEDNN_LSTM_H
#define ONEDNN_LSTM_H

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>
#include <omp.h>

#include "peer.h"

#if DNNL_VERSION_MAJOR != 2
#error "this program is written for oneDNN 2"
#endif

using dnnl::memory;
using tag = memory::format_tag;

struct machine {
    dnnl::engine engine{ dnnl::engine::kind::cpu, 0 };
    dnnl::stream stream{ engine };
};

inline float *floats(const memory &m)
{
    return static_cast<float *>(m.get_data_handle());
}

inline memory::desc describe(const memory::dims &dims, tag layout)
{
    return { dims, memory::data_type::f32, layout };
}

/* A primitive with its arguments. */
class call
{
  public:
    call(dnnl::primitive primitive, const std::vector<std::pair<int, memory>> &arguments)
        : primitive_(std::move(primitive)), kept_(arguments)
    {
        for (const auto &a : kept_)
            arguments_.push_back({ a.first, a.second.get() });
    }

    void operator()(machine &m) const
    {
        dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), m.stream.get(),
                                                       static_cast<int>(arguments_.size()),
                                                       arguments_.data()),
                                "a primitive failed");
    }

  private:
    dnnl::primitive primitive_;
    std::vector<std::pair<int, memory>> kept_;
    std::vector<dnnl_exec_arg_t> arguments_;
};

/* `to` is `from` itself where it may lie as it does. */
class reordered
{
  public:
    reordered(machine &m, const memory &from, const memory::desc &layout)
        : to(from.get_desc() == layout ? from : memory(layout, m.engine))
    {
        if (from.get_desc() != layout)
            call_.reset(new call(dnnl::reorder(from, to),
                                 { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } }));
    }

    void operator()(machine &m) const
    {
        if (call_)
            (*call_)(m);
    }

    memory to;

  private:
    std::unique_ptr<call> call_;
};

/* Calls `work(from, to)` for parts of [0, count), on all threads where that is worth it.
 * The loops are in functions of their own: inside the parallel region they would not be
 * vectorised. */
template <typename Work> void in_parts(long count, long worth, const Work &work)
{
    const long parts = count < worth ? 1 : omp_get_max_threads();

    if (parts == 1) {
        work(0, count);
        return;
    }
#pragma omp parallel for schedule(static, 1)
    for (long i = 0; i < parts; i++)
        work(count * i / parts, count * (i + 1) / parts);
}

/* One array of parameters under Adam. */
class adam
{
  public:
    adam(float *weights, const float *gradients, size_t count)
        : w_(weights), g_(gradients), m_(count), v_(count)
    {
    }

    void update(float rate)
    {
        in_parts(static_cast<long>(m_.size()), 20000, [&](long from, long to) {
            update(static_cast<size_t>(to - from), w_ + from, g_ + from, m_.data() + from,
                   v_.data() + from, rate);
        });
    }

  private:
    static void update(size_t count, float *__restrict w, const float *__restrict g,
                       float *__restrict m, float *__restrict v, float rate)
    {
        for (size_t i = 0; i < count; i++) {
            m[i] = .9f * m[i] + .1f * g[i];
            v[i] = .999f * v[i] + .001f * g[i] * g[i];
            w[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-7f);
        }
    }

    float *w_;
    const float *g_;
    std::vector<float> m_, v_;
};

struct lstm_shapes {
    memory::dims x, y, state, kernel, recurrent, bias;

    lstm_shapes(long steps, long batch, long features, long units)
        : x{ steps, batch, features }, y{ steps, batch, units }, state{ 1, 1, batch,
                                                                        units },
          kernel{ 1, 1, features, 4, units }, recurrent{ 1, 1, units, 4, units }, bias{
              1, 1, 4, units
          }
    {
    }
};

/* Parameters, inputs, outputs and states; all zero but the weights, which are initialised
 * as Keras does it: Glorot, as wide as an orthogonal matrix, one for the forget gates. */
struct lstm_memory {
    lstm_memory(machine &m, const lstm_shapes &s)
        : x(zeros(m, s.x, tag::tnc)), y(zeros(m, s.y, tag::tnc)),
          kernel(zeros(m, s.kernel, tag::ldigo)),
          recurrent(zeros(m, s.recurrent, tag::ldigo)), bias(zeros(m, s.bias, tag::ldgo))
    {
        const double features = static_cast<double>(s.kernel[2]);
        const double units = static_cast<double>(s.kernel[4]);

        for (auto *state : { &h[0], &h[1], &c[0], &c[1] })
            *state = zeros(m, s.state, tag::ldnc);
        peer_fill(floats(kernel), count(kernel), std::sqrt(6 / (features + 4 * units)));
        peer_fill(floats(recurrent), count(recurrent), std::sqrt(3 / units));
        for (long i = 0; i < s.kernel[4]; i++)
            floats(bias)[s.kernel[4] + i] = 1;
    }

    static memory zeros(machine &m, const memory::desc &d)
    {
        memory result(d, m.engine);

        std::memset(result.get_data_handle(), 0, d.get_size());
        return result;
    }

    static memory zeros(machine &m, const memory::dims &dims, tag layout)
    {
        return zeros(m, describe(dims, layout));
    }

    static size_t count(const memory &m)
    {
        return m.get_desc().get_size() / sizeof(float);
    }

    memory x, y, kernel, recurrent, bias;
    memory h[2], c[2]; /* before and after the pass */
};

inline dnnl::lstm_forward::primitive_desc forward_primitive(machine &m,
                                                            const lstm_shapes &s,
                                                            dnnl::prop_kind kind)
{
    const auto state = describe(s.state, tag::ldnc);

    return { { kind, dnnl::rnn_direction::unidirectional_left2right,
               describe(s.x, tag::tnc), state, state, describe(s.kernel, tag::any),
               describe(s.recurrent, tag::any), describe(s.bias, tag::ldgo),
               describe(s.y, tag::tnc), state, state },
             m.engine };
}

/* Inference: the states of one call are those before the next. */
class inferring_lstm
{
  public:
    inferring_lstm(machine &m, const lstm_shapes &s)
        : in(m, s), primitive_(forward_primitive(m, s, dnnl::prop_kind::forward_inference)),
          kernel_(m, in.kernel, primitive_.weights_layer_desc()),
          recurrent_(m, in.recurrent, primitive_.weights_iter_desc())
    {
        kernel_(m);
        recurrent_(m);
        for (int i = 0; i < 2; i++)
            calls_.push_back(call(dnnl::lstm_forward(primitive_),
                                  { { DNNL_ARG_SRC_LAYER, in.x },
                                    { DNNL_ARG_SRC_ITER, in.h[i] },
                                    { DNNL_ARG_SRC_ITER_C, in.c[i] },
                                    { DNNL_ARG_WEIGHTS_LAYER, kernel_.to },
                                    { DNNL_ARG_WEIGHTS_ITER, recurrent_.to },
                                    { DNNL_ARG_BIAS, in.bias },
                                    { DNNL_ARG_DST_LAYER, in.y },
                                    { DNNL_ARG_DST_ITER, in.h[1 - i] },
                                    { DNNL_ARG_DST_ITER_C, in.c[1 - i] } }));
    }

    void run(machine &m)
    {
        calls_[turn_](m);
        m.stream.wait();
        if (feed_back)
            turn_ = 1 - turn_;
    }

    lstm_memory in;
    bool feed_back = false;

  private:
    dnnl::lstm_forward::primitive_desc primitive_;
    reordered kernel_, recurrent_;
    std::vector<call> calls_;
    size_t turn_ = 0;
};

/* Training. The gradient of the last state is added to that of the last output: a layer
 * that gives all its outputs leaves `dh` zero, one that gives the last leaves `dy` zero. */
class training_lstm
{
  public:
    training_lstm(machine &m, const lstm_shapes &s);
    void forward(machine &m);
    void backward(machine &m);
    void update(float rate);

    lstm_memory in;
    memory dx, dy, dh;

  private:
    dnnl::lstm_forward::primitive_desc forward_;
    dnnl::lstm_backward::primitive_desc backward_;
    reordered kernel_, recurrent_;           /* as the forward pass wants them */
    reordered kernel_back_, recurrent_back_; /* as the backward pass does */
    memory dkernel_, drecurrent_, dbias_;    /* as the backward pass leaves them */
    std::unique_ptr<reordered> dkernel_plain_, drecurrent_plain_;
    std::unique_ptr<call> forward_call_, backward_call_;
    std::vector<adam> parameters_;
};

#endif
