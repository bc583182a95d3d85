#pragma once
// CopyOnWrite: a value whose copies share one place until one of them is changed.
#include <atomic>
#include <cstdint>
#include <utility>

namespace gantry {

// Behaves as a T that is copied deeply; a copy costs one count instead. Never empty: a moved-from
// one reads as T(). Several threads may hold copies; each copy belongs to one thread at a time.
//
// References stay true as with a plain T: what write() has handed out may be kept by the caller and
// used for changes at any later time, so that from then on this place is not shared with new
// copies. change() is for changes that keep no reference, and leaves it shareable.
template <class T>
class CopyOnWrite {
 public:
  CopyOnWrite() : place_(new Place) {}
  explicit CopyOnWrite(T value) : place_(new Place{std::move(value)}) {}
  CopyOnWrite(const CopyOnWrite& other) : place_(share(other.place_)) {}
  CopyOnWrite(CopyOnWrite&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
  CopyOnWrite& operator=(const CopyOnWrite& other) {
    auto copy = other;  // first: `other` may live inside what is let go of
    std::swap(place_, copy.place_);
    return *this;
  }
  CopyOnWrite& operator=(CopyOnWrite&& other) noexcept {
    auto taken = std::move(other);
    std::swap(place_, taken.place_);
    return *this;
  }
  ~CopyOnWrite() { let_go(place_); }

  const T& read() const {
    static const T empty;
    return place_ == nullptr ? empty : place_->value;
  }
  // To be used at once and not kept.
  T& change() {
    if (place_ == nullptr) place_ = new Place;
    // Acquire: what other owners have read before they let go comes before our changes.
    if (place_->owners.load(std::memory_order_acquire) > 1) {
      auto* own = new Place{place_->value};
      let_go(std::exchange(place_, own));
    }
    return place_->value;
  }
  // May be kept as long as this object keeps its value.
  T& write() {
    auto& value = change();
    place_->handed_out = true;
    return value;
  }

  // At once when the place is the same.
  bool operator==(const CopyOnWrite& other) const {
    return place_ == other.place_ || read() == other.read();
  }

 private:
  struct Place {
    T value = {};
    std::atomic<uint32_t> owners = 1;
    bool handed_out = false;
  };

  static Place* share(Place* place) {
    if (place == nullptr) return nullptr;
    if (place->handed_out) return new Place{place->value};
    place->owners.fetch_add(1, std::memory_order_relaxed);
    return place;
  }
  static void let_go(Place* place) {
    if (place != nullptr && place->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete place;
  }

  Place* place_;
};

}  // namespace gantry
