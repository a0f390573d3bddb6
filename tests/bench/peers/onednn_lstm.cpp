// onednn_lstm.cpp - the LSTM that trains, of oneDNN's primitives.
// SPDX-License-Identifier: MIT
#include "onednn_lstm.h"

using dnnl::lstm_backward;
using dnnl::lstm_forward;

static lstm_backward::primitive_desc backward_primitive(
    machine &m, const lstm_shapes &s, const lstm_forward::primitive_desc &hint)
{
    const auto x = describe(s.x, tag::tnc), y = describe(s.y, tag::tnc);
    const auto state = describe(s.state, tag::ldnc), bias = describe(s.bias, tag::ldgo);
    const auto kernel = describe(s.kernel, tag::any);
    const auto recurrent = describe(s.recurrent, tag::any);

    return { { dnnl::prop_kind::backward,
               dnnl::rnn_direction::unidirectional_left2right,
               x,
               state,
               state,
               kernel,
               recurrent,
               bias,
               y,
               state,
               state,
               x,
               state,
               state,
               kernel,
               recurrent,
               bias,
               y,
               state,
               state },
             m.engine,
             hint };
}

training_lstm::training_lstm(machine &m, const lstm_shapes &s)
    : in(m, s), dx(lstm_memory::zeros(m, s.x, tag::tnc)),
      dy(lstm_memory::zeros(m, s.y, tag::tnc)),
      dh(lstm_memory::zeros(m, s.state, tag::ldnc)),
      forward_(forward_primitive(m, s, dnnl::prop_kind::forward_training)),
      backward_(backward_primitive(m, s, forward_)),
      kernel_(m, in.kernel, forward_.weights_layer_desc()),
      recurrent_(m, in.recurrent, forward_.weights_iter_desc()),
      kernel_back_(m, in.kernel, backward_.weights_layer_desc()),
      recurrent_back_(m, in.recurrent, backward_.weights_iter_desc()),
      dkernel_(lstm_memory::zeros(m, backward_.diff_weights_layer_desc())),
      drecurrent_(lstm_memory::zeros(m, backward_.diff_weights_iter_desc())),
      dbias_(lstm_memory::zeros(m, s.bias, tag::ldgo))
{
    const auto zero = [&] { return lstm_memory::zeros(m, s.state, tag::ldnc); };
    std::vector<std::pair<int, memory>> arguments = {
        { DNNL_ARG_SRC_LAYER, in.x },
        { DNNL_ARG_SRC_ITER, in.h[0] },
        { DNNL_ARG_SRC_ITER_C, in.c[0] },
        { DNNL_ARG_WEIGHTS_LAYER, kernel_.to },
        { DNNL_ARG_WEIGHTS_ITER, recurrent_.to },
        { DNNL_ARG_BIAS, in.bias },
        { DNNL_ARG_DST_LAYER, in.y },
        { DNNL_ARG_DST_ITER, in.h[1] },
        { DNNL_ARG_DST_ITER_C, in.c[1] },
        { DNNL_ARG_WORKSPACE, lstm_memory::zeros(m, forward_.workspace_desc()) },
    };

    forward_call_.reset(new call(lstm_forward(forward_), arguments));
    arguments[3].second = kernel_back_.to;
    arguments[4].second = recurrent_back_.to;
    for (const auto &gradient :
         std::vector<std::pair<int, memory>>{ { DNNL_ARG_DIFF_SRC_LAYER, dx },
                                              { DNNL_ARG_DIFF_SRC_ITER, zero() },
                                              { DNNL_ARG_DIFF_SRC_ITER_C, zero() },
                                              { DNNL_ARG_DIFF_WEIGHTS_LAYER, dkernel_ },
                                              { DNNL_ARG_DIFF_WEIGHTS_ITER, drecurrent_ },
                                              { DNNL_ARG_DIFF_BIAS, dbias_ },
                                              { DNNL_ARG_DIFF_DST_LAYER, dy },
                                              { DNNL_ARG_DIFF_DST_ITER, dh },
                                              { DNNL_ARG_DIFF_DST_ITER_C, zero() } })
        arguments.push_back(gradient);
    backward_call_.reset(new call(lstm_backward(backward_), arguments));

    dkernel_plain_.reset(new reordered(m, dkernel_, in.kernel.get_desc()));
    drecurrent_plain_.reset(new reordered(m, drecurrent_, in.recurrent.get_desc()));
    parameters_.emplace_back(floats(in.kernel), floats(dkernel_plain_->to),
                             lstm_memory::count(in.kernel));
    parameters_.emplace_back(floats(in.recurrent), floats(drecurrent_plain_->to),
                             lstm_memory::count(in.recurrent));
    parameters_.emplace_back(floats(in.bias), floats(dbias_), lstm_memory::count(in.bias));
}

void training_lstm::forward(machine &m)
{
    kernel_(m);
    recurrent_(m);
    (*forward_call_)(m);
    m.stream.wait();
}

/* The primitive adds to the gradients of the weights. */
void training_lstm::backward(machine &m)
{
    for (const auto *gradient : { &dkernel_, &drecurrent_, &dbias_ })
        std::memset(floats(*gradient), 0, gradient->get_desc().get_size());
    kernel_back_(m);
    recurrent_back_(m);
    (*backward_call_)(m);
    (*dkernel_plain_)(m);
    (*drecurrent_plain_)(m);
    m.stream.wait();
}

void training_lstm::update(float rate)
{
    for (auto &p : parameters_)
        p.update(rate);
}
