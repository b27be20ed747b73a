// SPDX-License-Identifier: Apache-2.0
#pragma once

// A doubly linked list whose links live in its elements: nothing is allocated, and an element
// leaves in constant time. Elements wait in such lists while their coroutine is suspended.
//
// Trap: an element must leave the list before it is destroyed, and is in at most one list a Tag.

#include <cassert>

namespace weir::detail {

template <class Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;

  bool is_linked() const { return next_ != nullptr; }

 protected:
  ~ListHook() { assert(!is_linked()); }

 private:
  template <class, class>
  friend class IntrusiveList;
  ListHook* prev_ = nullptr;
  ListHook* next_ = nullptr;
};

template <class T, class Tag = void>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  IntrusiveList() { head_.prev_ = head_.next_ = &head_; }
  ~IntrusiveList() {
    assert(empty());
    head_.prev_ = head_.next_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return static_cast<T&>(*head_.next_); }

  void push_back(T& element) {
    Hook& hook = element;
    assert(!hook.is_linked());
    hook.prev_ = head_.prev_;
    hook.next_ = &head_;
    head_.prev_->next_ = &hook;
    head_.prev_ = &hook;
  }

  T& pop_front() {
    T& element = front();
    remove(element);
    return element;
  }

  // Moves all of `other` behind what is here.
  void append(IntrusiveList& other) {
    if (other.empty()) return;
    Hook& first = *other.head_.next_;
    Hook& last = *other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
    first.prev_ = head_.prev_;
    head_.prev_->next_ = &first;
    last.next_ = &head_;
    head_.prev_ = &last;
  }

  static void remove(T& element) {
    Hook& hook = element;
    assert(hook.is_linked());
    hook.prev_->next_ = hook.next_;
    hook.next_->prev_ = hook.prev_;
    hook.prev_ = hook.next_ = nullptr;
  }

  // Visits front to back; `visit` must not change the list.
  template <class F>
  void for_each(F&& visit) const {
    for (const Hook* at = head_.next_; at != &head_; at = at->next_) {
      visit(static_cast<const T&>(*at));
    }
  }
  template <class F>
  void for_each(F&& visit) {
    for (Hook* at = head_.next_; at != &head_; at = at->next_) visit(static_cast<T&>(*at));
  }
  // The same until `visit` returns false.
  template <class F>
  void for_each_while(F&& visit) const {
    for (const Hook* at = head_.next_; at != &head_; at = at->next_) {
      if (!visit(static_cast<const T&>(*at))) return;
    }
  }

 private:
  struct Head : Hook {
    using Hook::Hook;
  };
  Head head_;
};

}  // namespace weir::detail
