// Writes what an adapter makes of its samples into their .expected files, to be read and committed
// by the adapter's author: adapter_samples LIBRARY SAMPLES_DIRECTORY

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "hub/adapter/adapter.h"
#include "hub/adapter/samples.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s LIBRARY SAMPLES_DIRECTORY\n", argv[0]);
    return 2;
  }
  const auto adapter = anqiao::adapter::Adapter::Load(argv[1], "");
  if (!adapter.ok()) {
    std::cerr << adapter.status() << "\n";
    return 1;
  }
  const auto samples = anqiao::adapter::ReadSamples(argv[2]);
  const auto instance = (*adapter)->Open();
  if (!samples.ok() || !instance.ok()) {
    std::cerr << samples.status() << "\n" << instance.status() << "\n";
    return 1;
  }
  for (const anqiao::adapter::Sample& sample : *samples) {
    std::ofstream out(std::filesystem::path(argv[2]) / (sample.name + ".expected"));
    out << "format: " << sample.format << "\n";
    if (!sample.file_name.empty()) out << "file: " << sample.file_name << "\n";
    out << "---\n"
        << anqiao::adapter::DescribeDecode(**instance, sample.format, sample.payload,
                                           sample.file_name);
  }
  std::printf("%zu samples written\n", samples->size());
  return 0;
}
