/* seqecho/cpp/layers.hpp - descriptions of layers; a part of seqecho/seqecho.hpp.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_CPP_LAYERS_HPP
#define SEQECHO_CPP_LAYERS_HPP

#include <seqecho/cpp/base.hpp>

namespace seqecho
{

/* A description of a layer of any kind, with a copy of those inside it:
 *
 *     seqecho::layer<seqecho_dropout_spec>([](auto &s) { s.rate = 0.5f; })
 *
 * The classes below are that with what is most often set.  c is the C description, for
 * all else.  A name must outlive the call that the description is given to. */
template <class Spec> class layer
{
  public:
    layer() : c(seqecho_spec_init<Spec>())
    {
    }
    template <class F, class = std::enable_if_t<std::is_invocable_v<F, Spec &>>>
    explicit layer(F &&fill) : layer()
    {
        fill(c);
    }
    /* For kinds that share a struct, as the two of pooling. */
    template <class F, class = std::enable_if_t<std::is_invocable_v<F, Spec &>>>
    layer(std::uint32_t kind, F &&fill) : c(seqecho_spec_init<Spec>(kind))
    {
        fill(c);
    }
    const seqecho_spec *get() const noexcept
    {
        return &c.head;
    }
    Spec c;
};

namespace detail
{

/* Options by name, each returning the description again; T is the class itself. */
template <class T, class Spec> class described : public layer<Spec>
{
  public:
    T &name(const char *name)
    {
        this->c.name = name;
        return self();
    }

  protected:
    T &self()
    {
        return static_cast<T &>(*this);
    }
};

template <class T, class Spec> class recurrent : public described<T, Spec>
{
  public:
    explicit recurrent(std::int64_t units)
    {
        this->c.units = units;
    }
    T &return_sequences(bool on = true)
    {
        this->c.return_sequences = on;
        return this->self();
    }
    T &return_state(bool on = true)
    {
        this->c.return_state = on;
        return this->self();
    }
    T &stateful(bool on = true)
    {
        this->c.stateful = on;
        return this->self();
    }
    T &go_backwards(bool on = true)
    {
        this->c.go_backwards = on;
        return this->self();
    }
    T &dropout(float rate)
    {
        this->c.dropout = rate;
        return this->self();
    }
    T &recurrent_dropout(float rate)
    {
        this->c.recurrent_dropout = rate;
        return this->self();
    }
};

} /* namespace detail */

/* (timesteps, features), or any shape of up to three axes, without the batch. */
class input : public detail::described<input, seqecho_input_spec>
{
  public:
    explicit input(std::initializer_list<std::int64_t> shape)
    {
        std::size_t i = 0;

        if (shape.size() > SEQECHO_MAX_RANK - 1)
            throw std::invalid_argument("input: the shape has more than 3 axes");
        for (const std::int64_t dim : shape)
            c.dim[i++] = dim;
    }
    input &batch(std::int64_t size)
    {
        c.batch = size;
        return *this;
    }
    input &lengths(bool on = true)
    {
        c.lengths = on;
        return *this;
    }
};

class dense : public detail::described<dense, seqecho_dense_spec>
{
  public:
    explicit dense(std::int64_t units)
    {
        c.units = units;
    }
    dense &activation(seqecho_activation a)
    {
        c.activation = a;
        return *this;
    }
};

class lstm : public detail::recurrent<lstm, seqecho_lstm_spec>
{
  public:
    using recurrent::recurrent;
};

class gru : public detail::recurrent<gru, seqecho_gru_spec>
{
  public:
    using recurrent::recurrent;
};

class simple_rnn : public detail::recurrent<simple_rnn, seqecho_simple_rnn_spec>
{
  public:
    using recurrent::recurrent;
};

class repeat_vector : public detail::described<repeat_vector, seqecho_repeat_vector_spec>
{
  public:
    explicit repeat_vector(std::int64_t n)
    {
        c.n = n;
    }
};

/* Wrappers keep a copy of the description that they are around. */
template <class Inner>
class time_distributed
    : public detail::described<time_distributed<Inner>, seqecho_time_distributed_spec>
{
  public:
    explicit time_distributed(Inner inner) : inner_(std::move(inner))
    {
    }
    const seqecho_spec *get() const noexcept
    {
        spec_ = this->c;
        spec_.inner = inner_.get();
        return &spec_.head;
    }

  private:
    Inner inner_;
    mutable seqecho_time_distributed_spec spec_ = seqecho_time_distributed_spec();
};

template <class Inner>
class bidirectional
    : public detail::described<bidirectional<Inner>, seqecho_bidirectional_spec>
{
  public:
    explicit bidirectional(Inner inner) : inner_(std::move(inner))
    {
    }
    bidirectional &merge(seqecho_merge how)
    {
        this->c.merge_mode = how;
        return *this;
    }
    const seqecho_spec *get() const noexcept
    {
        spec_ = this->c;
        spec_.inner = inner_.get();
        return &spec_.head;
    }

  private:
    Inner inner_;
    mutable seqecho_bidirectional_spec spec_ = seqecho_bidirectional_spec();
};

/* One around another is not a copy of it. */
template <class Inner>
time_distributed(time_distributed<Inner>) -> time_distributed<time_distributed<Inner>>;
template <class Inner>
bidirectional(bidirectional<Inner>) -> bidirectional<bidirectional<Inner>>;

} /* namespace seqecho */

#endif /* SEQECHO_CPP_LAYERS_HPP */
