/* seqecho/seqecho.hpp - the library for C++17: handles that clean up behind themselves,
 * errors as exceptions, spans.
 * SPDX-License-Identifier: MIT
 *
 *     seqecho::graph model;
 *     model.add(seqecho::input({5, 100}).batch(7))
 *         .add(seqecho::lstm(20).return_sequences().stateful())
 *         .add(seqecho::time_distributed(seqecho::dense(100).activation(SEQECHO_SOFTMAX)));
 *
 * All of it is inline code around the C interface, whose headers say what the calls do; no
 * part of it belongs to the binary interface of the library.  A call that fails throws
 * seqecho::error, with the code and the message; moved-from handles may only be assigned to
 * or destroyed.  Thread-safety is that of the handles in C.  It needs exceptions: without
 * them, take the C interface. */
#ifndef SEQECHO_SEQECHO_HPP
#define SEQECHO_SEQECHO_HPP

#include <seqecho/cpp/base.hpp>
#include <seqecho/cpp/graph.hpp>
#include <seqecho/cpp/layers.hpp>
#include <seqecho/cpp/training.hpp>

#endif /* SEQECHO_SEQECHO_HPP */
