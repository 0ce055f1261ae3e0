// Writes a new adapter, as "anqiaoctl adapter new" does: generate NAME SAMPLE ENCODING WIDTHS
// DIRECTORY, where ENCODING and WIDTHS may be empty and DIRECTORY is replaced.

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "hub/adapter/scaffold/scaffold.h"

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s NAME SAMPLE ENCODING WIDTHS DIRECTORY\n", argv[0]);
    return 2;
  }
  std::error_code ignored;
  std::filesystem::remove_all(argv[5], ignored);
  const auto made = anqiao::scaffold::ScaffoldAdapter({.name = argv[1],
                                                       .sample = argv[2],
                                                       .encoding = argv[3],
                                                       .format = "",
                                                       .directory = argv[5],
                                                       .widths = argv[4]});
  if (made.ok()) return 0;
  std::cerr << made.status() << "\n";
  return 1;
}
