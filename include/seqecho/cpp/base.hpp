/* seqecho/cpp/base.hpp - errors, options, handles, arrays; a part of seqecho/seqecho.hpp.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_CPP_BASE_HPP
#define SEQECHO_CPP_BASE_HPP

#include <seqecho/seqecho.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace seqecho
{

/* ---- Errors -------------------------------------------------------------------------- */

class error : public std::runtime_error
{
  public:
    /* The last failure of this thread. */
    explicit error(int code) : std::runtime_error(seqecho_error_message()), code_(code)
    {
    }
    /* SEQECHO_E... */
    int code() const noexcept
    {
        return code_;
    }
    const char *name() const noexcept
    {
        return seqecho_error_name(code_);
    }

  private:
    int code_;
};

/* Throw if a call of the C interface failed; else what it returned. */
inline int check(int err)
{
    if (err < 0)
        throw error(err);
    return err;
}

/* ---- Options ------------------------------------------------------------------------- */

/* Options of the C interface, filled in by a function that is given them:
 *
 *     seqecho::options<seqecho_fit_options>([](auto &o) { o.epochs = 500; }) */
template <class T, class F> T options(F &&fill)
{
    T o = seqecho_options_init<T>();

    fill(o);
    return o;
}
template <class T> T options()
{
    return seqecho_options_init<T>();
}

namespace detail
{

/* A function that fills in options, or the options themselves, or nothing. */
struct defaults {
};

template <class T, class O> T read(O &&o)
{
    if constexpr (std::is_same_v<std::decay_t<O>, defaults>)
        return seqecho_options_init<T>();
    else if constexpr (std::is_same_v<std::decay_t<O>, T>)
        return o;
    else
        return options<T>(std::forward<O>(o));
}

template <class T, void (*Destroy)(T *)> struct destroyer {
    void operator()(T *handle) const noexcept
    {
        Destroy(handle);
    }
};

/* What all handles have: get() for calls of the C interface, release() to own it alone. */
template <class T, void (*Destroy)(T *)> class handle
{
  public:
    handle() noexcept = default;
    /* Takes what was made by the C interface. */
    explicit handle(T *owned) noexcept : p_(owned)
    {
    }
    T *get() const noexcept
    {
        return p_.get();
    }
    T *release() noexcept
    {
        return p_.release();
    }

  protected:
    std::unique_ptr<T, destroyer<T, Destroy>> p_;
};

} /* namespace detail */

/* ---- Arrays -------------------------------------------------------------------------- */

/* Borrowed, contiguous elements, as C++20's std::span: of vectors, arrays, spans. */
template <class T> class span
{
  public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N)
    {
    }
    template <class C, class = std::enable_if_t<std::is_convertible_v<
                           decltype(std::declval<C &>().data()), T *>>>
    constexpr span(C &&container) : data_(container.data()), size_(container.size())
    {
    }
    constexpr T *data() const noexcept
    {
        return data_;
    }
    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr T *begin() const noexcept
    {
        return data_;
    }
    constexpr T *end() const noexcept
    {
        return data_ + size_;
    }
    constexpr T &operator[](std::size_t i) const
    {
        return data_[i];
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail
{

inline seqecho_view make_view(const void *data, std::size_t size, seqecho_dtype dtype,
                              std::initializer_list<std::int64_t> shape)
{
    seqecho_view v = seqecho_view();
    std::uint64_t product = 1;

    if (shape.size() > SEQECHO_MAX_RANK)
        throw std::invalid_argument("view: the shape has more than 4 axes");
    for (const std::int64_t dim : shape) {
        if (dim < 0 || (dim > 0 && product > UINT64_MAX / static_cast<std::uint64_t>(dim)))
            throw std::invalid_argument("view: the shape is negative or too large");
        product *= static_cast<std::uint64_t>(dim);
        v.dim[v.rank++] = dim;
    }
    if (product != size)
        throw std::invalid_argument("view: the shape has " + std::to_string(product) +
                                    " elements, the array " + std::to_string(size));
    v.data = data;
    v.dtype = dtype;
    return v;
}

} /* namespace detail */

/* A view of an array: floats, or class numbers.  The elements must be as many as the shape
 * says, else std::invalid_argument, and stay where they are as long as it is used. */
inline seqecho_view view(span<const float> values,
                         std::initializer_list<std::int64_t> shape)
{
    return detail::make_view(values.data(), values.size(), SEQECHO_FLOAT32, shape);
}
inline seqecho_view view(span<const std::int32_t> values,
                         std::initializer_list<std::int64_t> shape)
{
    return detail::make_view(values.data(), values.size(), SEQECHO_INT32, shape);
}

} /* namespace seqecho */

#endif /* SEQECHO_CPP_BASE_HPP */
