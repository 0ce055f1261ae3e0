// File descriptors kept for when connections have taken all others.
//
// The store must be able to open a file at any moment: if it cannot, it takes nothing more until
// the hub is started again. So the reserve is given back in portions as descriptors run short. A
// gRPC server that takes the last one stops accepting (listener_watch.h), so each portion is lost
// to connections at the price of one listening socket; there is one portion more than there are
// sockets.
//
//   DescriptorReserve reserve(/*listening_sockets=*/2);
//   if (!reserve.Check()) ...  // short; some was given back
//
// Thread-compatible.

#ifndef ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_
#define ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_

#include <vector>

namespace anqiao::rpc {

// Fewer free than this, beside the reserve, is a shortage.
inline constexpr int kFreeDescriptorsMin = 8;

class DescriptorReserve {
 public:
  // Opens what it can get: a portion is a 32nd of the limit of open files, 4 to 16.
  explicit DescriptorReserve(int listening_sockets);
  virtual ~DescriptorReserve() { Give(held()); }
  DescriptorReserve(const DescriptorReserve&) = delete;
  DescriptorReserve& operator=(const DescriptorReserve&) = delete;

  // True: the reserve is whole, or could be made so, and kFreeDescriptorsMin are free beside it.
  // False: it could not; if fewer than that are free, a portion was given back.
  virtual bool Check();
  // Gives back all that is left.
  virtual void GiveBack();

  int held() const { return static_cast<int>(held_.size()); }
  int whole() const { return portion_ * portions_; }

 private:
  void TakeAll();
  void Give(int count);

  const int portion_;
  const int portions_;
  std::vector<int> held_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_
