// Names of made-up places for addresses of made-up people.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_PLACES_H_
#define ANQIAO_TESTS_TESTING_REGISTER_PLACES_H_

#include <cstddef>
#include <iterator>

#include "absl/strings/string_view.h"

namespace anqiao::testing {

// Of five districts each.
constexpr absl::string_view kCities[] = {"云漪市", "临澜市", "青屿市", "虚河市",
                                         "望澄市", "沧溪市", "栖霁市", "浮川市",
                                         "霖江市", "晴洲市", "芦汀市", "镜湖新市"};
constexpr absl::string_view kCounties[] = {"青岚区", "听涛区",   "云栖县", "石溪县",
                                           "白鹭县", "长汀洲区", "松风县"};

// A district's towns: the first are urban streets (街道), the others rural.
constexpr int kTownsOfDistrict = 12;
constexpr int kUrbanTowns = 7;
constexpr absl::string_view kTowns[] = {
    "朝晖", "滨湖", "新桥", "北塔", "南苑", "东渡", "西关", "石板", "柳林", "高坪", "沙洲",
    "双溪", "清泉", "金盆", "杨柳", "太平", "凤鸣", "龙泉", "白沙", "桃源", "枫树", "竹园"};

constexpr absl::string_view kStreetNames[] = {
    "人民路", "解放路", "建设路",   "中山路",   "和平路", "文化路", "朝阳路",   "新华路",
    "胜利街", "团结路", "滨江大道", "学院路",   "长江路", "东风路", "迎宾大道", "青年路",
    "健康路", "体育路", "红旗路",   "交通路",   "工农路", "花园路", "幸福街",   "光明路",
    "公园路", "书院街", "桂花路",   "银泉大道", "茶花路", "沿河街"};
constexpr std::size_t kStreets = std::size(kStreetNames);

constexpr absl::string_view kEstateNames[] = {
    "阳光花园", "锦绣家园", "金桂苑",   "碧水湾",   "幸福里",   "书香门第", "翠园小区",
    "和谐家园", "丽景苑",   "紫荆小区", "学府花园", "安居小区", "东方名城", "金色家园",
    "湖畔春天", "枫林苑",   "新城小区", "明珠花园", "福星城",   "教师新村"};
constexpr std::size_t kEstates = std::size(kEstateNames);

constexpr absl::string_view kVillageNames[] = {
    "石桥村", "李家湾村", "大塘村", "新屋村", "上畈村", "下畈村", "樟树村",   "白云村", "红星村",
    "龙潭村", "黄土岭村", "桥头村", "高峰村", "向阳村", "泉口村", "杨家坪村", "古井村", "茶山村"};
constexpr std::size_t kVillages = std::size(kVillageNames);

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_PLACES_H_
