// File descriptors kept for when the process has run out of them.
//
//   DescriptorReserve reserve;
//   if (!reserve.Check()) {  // descriptors are short
//     reserve.GiveBack();
//     ... what has to be done all the same ...
//   }
//
// Thread-compatible.

#ifndef ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_
#define ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_

#include <vector>

namespace anqiao::rpc {

// For two listeners of up to four addresses: a probe's own end and the one that the server accepts,
// or a new server's sockets.
inline constexpr int kReservedDescriptors = 16;
// Fewer free than this, beside the reserve, is a shortage.
inline constexpr int kFreeDescriptorsMin = 8;

class DescriptorReserve {
 public:
  // Opens what it can get.
  DescriptorReserve() { TakeAgain(); }
  virtual ~DescriptorReserve() { Close(held_); }
  DescriptorReserve(const DescriptorReserve&) = delete;
  DescriptorReserve& operator=(const DescriptorReserve&) = delete;

  // Takes again what was given back. False: the reserve is not whole, or fewer than
  // kFreeDescriptorsMin are free beside it.
  virtual bool Check();
  virtual void GiveBack() { Close(held_); }

 private:
  static void Close(std::vector<int>& descriptors);
  void TakeAgain() { Take(held_, kReservedDescriptors); }
  // False: there are not enough.
  static bool Take(std::vector<int>& descriptors, int count);

  std::vector<int> held_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_DESCRIPTOR_RESERVE_H_
