#include "tests/testing/register_tables.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anqiao::testing {
namespace {

// Surnames and how many of 100,000 people have them.
struct SurnameShare {
  absl::string_view surname;
  int share;
};
constexpr SurnameShare kSurnames[] = {
    {"王", 7250}, {"李", 7190}, {"张", 6830}, {"刘", 5380}, {"陈", 4530}, {"杨", 3080},
    {"赵", 2290}, {"黄", 2230}, {"周", 2120}, {"吴", 2050}, {"徐", 1670}, {"孙", 1540},
    {"胡", 1310}, {"马", 1290}, {"朱", 1260}, {"林", 1180}, {"何", 1170}, {"郭", 1130},
    {"高", 1000}, {"罗", 950},  {"郑", 930},  {"梁", 850},  {"谢", 760},  {"宋", 700},
    {"唐", 690},  {"韩", 680},  {"许", 660},  {"冯", 640},  {"邓", 620},  {"曹", 600},
    {"彭", 580},  {"曾", 580},  {"肖", 560},  {"蔡", 530},  {"田", 520},  {"董", 510},
    {"袁", 500},  {"潘", 500},  {"于", 480},  {"余", 480},  {"蒋", 480},  {"杜", 470},
    {"叶", 460},  {"苏", 460},  {"程", 450},  {"魏", 450},  {"吕", 450},  {"卢", 440},
    {"丁", 430},  {"任", 420},  {"姚", 410},  {"沈", 410},  {"钟", 400},  {"姜", 390},
    {"崔", 380},  {"谭", 380},  {"陆", 380},  {"范", 360},  {"汪", 360},  {"廖", 360},
    {"石", 340},  {"金", 340},  {"贾", 330},  {"夏", 310},  {"方", 310},  {"付", 300},
    {"韦", 300},  {"邹", 290},  {"熊", 290},  {"白", 280},  {"孟", 280},  {"秦", 270},
    {"邱", 260},  {"侯", 250},  {"江", 250},  {"尹", 240},  {"薛", 240},  {"雷", 230},
    {"闫", 220},  {"段", 220},  {"龙", 210},  {"史", 210},  {"陶", 200},  {"贺", 200},
    {"毛", 200},  {"郝", 190},  {"顾", 190},  {"龚", 190},  {"邵", 190},  {"万", 180},
    {"覃", 170},  {"武", 170},  {"钱", 170},  {"黎", 170},  {"戴", 160},  {"严", 160},
    {"莫", 150},  {"孔", 150},  {"向", 150},  {"常", 140},  {"汤", 140},  {"康", 120},
    {"易", 120},  {"乔", 110},  {"赖", 110},  {"文", 110},  {"庞", 100},  {"樊", 100},
    {"兰", 100},  {"殷", 100},  {"施", 100},  {"洪", 100},  {"翟", 90},   {"安", 90},
    {"颜", 90},   {"倪", 90},   {"牛", 90},   {"葛", 90},   {"章", 90},   {"温", 90},
    {"芦", 80},   {"季", 80},   {"俞", 80},   {"鲁", 80},   {"伍", 80},   {"申", 80},
    {"毕", 70},   {"聂", 70},   {"焦", 70},   {"邢", 70},   {"齐", 70},   {"尤", 60},
    {"柳", 60},   {"岳", 60},   {"梅", 60},   {"庄", 60},   {"辛", 60},   {"管", 60},
    {"柴", 50},   {"祝", 50},   {"左", 50},   {"涂", 50},   {"谷", 50},   {"祁", 50},
    {"舒", 50},   {"耿", 50},   {"路", 50},   {"詹", 50},   {"关", 50},   {"纪", 50},
    {"童", 50},   {"时", 40},   {"苗", 40},   {"凌", 40},   {"靳", 40},   {"盛", 40},
    {"欧", 40},   {"甘", 40},   {"单", 40},   {"曲", 40},   {"解", 40},   {"牟", 30},
    {"卜", 30},   {"费", 30},   {"朴", 30},   {"华", 30},   {"仇", 20},   {"查", 20},
    {"区", 20},   {"佘", 20},   {"缪", 20},   {"褚", 10},   {"盖", 10},   {"乐", 10},
    {"召", 5},    {"傅", 60},   {"萧", 20},   {"阎", 20},   {"代", 30},   {"欧阳", 90},
    {"上官", 12}, {"司马", 8},  {"诸葛", 8},  {"皇甫", 8},  {"令狐", 6},  {"司徒", 6},
    {"夏侯", 4},  {"慕容", 4},  {"尉迟", 3},  {"端木", 3},  {"东方", 3},  {"公孙", 2},
    {"万俟", 2},
};

// When given names were in fashion: those born before 1960, 1980, 2000, and since.
constexpr std::size_t kEras = 4;
constexpr std::size_t EraOf(int birth_year) {
  return birth_year < 1960 ? 0 : birth_year < 1980 ? 1 : birth_year < 2000 ? 2 : 3;
}

// Characters of given names, the most frequent first; "whole": names that are given as a whole.
struct GivenNames {
  absl::string_view first;
  absl::string_view last;
  absl::string_view single;
  absl::string_view whole;
};
constexpr GivenNames kMen[kEras] = {
    {"国建志德文明永玉福金长春世家万正光树学庆云宝贵俊士立成忠洪广景兴",
     "华明生林德祥福贵清平山海才荣根发财田民国文忠义友兴军昌江元安良喜顺宝春银堂全",
     "明华林平德军忠祥波根强勇全义荣",
     "建国 国华 志明 建华 德明 国强 金生 玉林 永福 文华 福生 国平"},
    {"建志国文永海晓卫红爱小军新春明俊振东立少学宏伟玉光华成家",
     "军华平国强明民伟生林勇刚斌东辉峰波文涛忠兵杰龙成春义新宏红祥利清",
     "军勇伟强刚斌涛辉平波杰峰明健林东民建毅鹏超锋飞",
     "建军 建国 建华 志强 国强 建平 志刚 卫东 海军 爱国 永强 建明"},
    {"志文建海晓俊国家永振鹏嘉伟少子浩小明世宇天泽东林立成艺正新思晨",
     "伟杰强鹏飞龙超辉涛明华军峰平波林斌勇浩亮文宇凯阳东洋豪磊健康刚成生宁",
     "伟磊鹏涛超杰强勇浩亮凯斌波飞洋宇健辉龙军帅鑫俊阳博坤",
     "志伟 俊杰 志强 建军 海龙 晓东 文杰 志鹏 鹏飞 海涛 文龙 晓明"},
    {"子浩宇俊嘉梓博天泽志文家思明梦佳一雨晨奕昊皓铭煜瑞逸艺睿承",
     "轩涵宇杰豪然浩泽涛博阳辰晨文翔俊睿航霖熙铭瑞诚乐林凯恒哲源辉琪逸",
     "浩涛鑫杰宇博昊睿轩毅航俊阳瑞",
     "浩然 子轩 浩宇 俊杰 子涵 宇轩 梓豪 博文 俊熙 一诺 子墨 宇航"}};
constexpr GivenNames kWomen[kEras] = {
    {"秀桂玉淑凤素兰翠美金月爱惠香春菊红瑞巧彩云珍银文永庆",
     "英兰珍芳华琴云梅荣花凤莲香芝萍玲娥珠霞清菊连玉仙秀娣妹贞平", "英珍芳兰琴梅萍玲秀敏霞芝",
     "秀英 桂英 秀兰 玉兰 桂兰 秀珍 玉英 玉珍 凤英 素珍 淑英 桂芳"},
    {"丽晓小红玉秀春海桂燕美爱建雪亚淑艳文金月凤慧云冬翠彩",
     "红梅英芳玲华萍丽霞敏琴燕兰荣珍云艳娟香平凤琼蓉青莉清静",
     "丽敏红燕艳霞玲梅芳静萍娟洁英琴莉慧颖华",
     "丽华 小红 海燕 建华 秀芳 玉梅 春梅 桂芳 红梅 春燕 玉华 丽娟"},
    {"晓丽雪海小玉文思婷红春燕美佳雅秀梦慧静艳诗嘉亚莉云欣娜冰金",
     "丽婷娜燕敏静芳玲红霞娟莉艳萍梅雪华琴英洁倩颖莹君怡玉琳云娇蓉",
     "静敏丽娜婷艳燕娟芳倩洁莉颖琳丹莹雪慧玲萍",
     "婷婷 丽娜 海燕 晓燕 丽丽 莉莉 娜娜 丹丹 媛媛 倩倩 晓丽 雪梅"},
    {"梓子雨欣佳思诗梦嘉雅可语紫若一宇艺婉馨美静慧晨心曼芷依",
     "涵怡萱琪彤婷琳妍轩欣雯颖瑶悦慧洁雪宁馨莹萌晴凡茜文熙菲桐", "婷静颖悦雯蕾欣琪瑶妍倩雪",
     "子涵 欣怡 梓涵 诗涵 雨涵 佳怡 雨欣 可馨 梓萱 欣悦 紫涵 思彤"}};
// How many given names have one character, and how many of the others are given as a whole.
constexpr double kSingleShare[kEras] = {0.08, 0.18, 0.25, 0.10};
constexpr double kWholeShare = 0.08;

constexpr absl::string_view kUyghurMen =
    "买买提 艾合买提 吐尔逊 阿不都 玉素甫 库尔班 热合曼 肉孜 依明 司马义 阿里木 迪力夏提 艾尼瓦尔 "
    "吐尔洪 艾力 亚森 卡德尔 玉山 努尔买买提 阿布力孜";
constexpr absl::string_view kUyghurWomen =
    "阿依古丽 古丽娜尔 热依汗 帕提古丽 玛依拉 茹鲜古丽 阿依努尔 祖丽菲亚 米热古丽 帕丽达 再娜甫 "
    "吐尔逊古丽 努尔古丽 阿孜古丽";

constexpr RareCharacter kRareCharacters[] = {
    {"㛃", "jie", ""},        {"䶮", "yan", "\uE863"},  {"䲜", "ye", ""},
    {"㑇", "zhou", "\uE81B"}, {"䴖", "jing", "\uE85F"}, {"㠭", "zhan", ""},
    {"䇹", "jun", ""},        {"㬎", "xian", ""},       {"𬱖", "di", ""},
    {"𬘭", "chen", ""},     {"𬭎", "hong", ""},     {"𬀩", "wei", ""},
    {"𬍛", "li", ""},       {"𫖯", "fu", ""},         {"𬴂", "fei", ""},
    {"𬬭", "lun", ""}};

// Characters with the same reading but for the tone.
struct Reading {
  absl::string_view reading;
  absl::string_view characters;
};
constexpr Reading kReadings[] = {
    {"ai", "爱艾"},
    {"an", "安"},
    {"bai", "白柏"},
    {"bao", "宝保"},
    {"bi", "毕"},
    {"bin", "斌彬宾滨缤"},
    {"bing", "兵冰丙炳秉"},
    {"bo", "卜波博勃伯渤"},
    {"cai", "蔡才财彩"},
    {"cao", "曹"},
    {"chai", "柴"},
    {"chang", "常昌"},
    {"chao", "超朝潮"},
    {"chen", "陈晨辰"},
    {"cheng", "程成承诚晟"},
    {"chu", "褚"},
    {"chun", "春"},
    {"cong", "聪从丛"},
    {"cui", "崔翠"},
    {"dai", "戴代"},
    {"dan", "丹"},
    {"de", "德得"},
    {"deng", "邓"},
    {"di", "翟娣"},
    {"ding", "丁"},
    {"dong", "董东冬"},
    {"du", "杜"},
    {"duan", "段"},
    {"e", "娥"},
    {"fa", "发"},
    {"fan", "范樊凡"},
    {"fang", "方芳放房坊"},
    {"fei", "费飞菲"},
    {"fen", "芬"},
    {"feng", "冯凤峰锋奉丰烽枫蜂"},
    {"fu", "付傅福"},
    {"gan", "甘"},
    {"gang", "刚钢岗纲港"},
    {"gao", "高"},
    {"ge", "葛盖"},
    {"gen", "根"},
    {"geng", "耿"},
    {"gong", "龚"},
    {"gu", "顾谷"},
    {"guan", "管关"},
    {"guang", "光广"},
    {"gui", "贵桂"},
    {"guo", "郭国"},
    {"hai", "海"},
    {"han", "韩涵"},
    {"hang", "航"},
    {"hao", "郝浩豪昊皓好号毫"},
    {"he", "何贺"},
    {"heng", "恒"},
    {"hong", "洪红宏虹鸿弘泓"},
    {"hou", "侯"},
    {"hu", "胡"},
    {"hua", "华花桦骅画"},
    {"huang", "黄"},
    {"hui", "惠辉慧会晖徽挥"},
    {"ji", "季纪"},
    {"jia", "贾家嘉佳加珈甲"},
    {"jian", "建健剑见荐坚间"},
    {"jiang", "蒋姜江"},
    {"jiao", "焦娇"},
    {"jie", "杰洁捷婕节结皆姐"},
    {"jin", "金靳锦瑾谨晋进近津今"},
    {"jing", "景静晶婧敬竞精净靖菁京"},
    {"ju", "菊"},
    {"juan", "娟涓"},
    {"jun", "俊军君均钧峻骏郡竣"},
    {"kai", "凯楷恺"},
    {"kang", "康"},
    {"ke", "可克"},
    {"kong", "孔"},
    {"kun", "坤昆"},
    {"lai", "赖"},
    {"lan", "兰岚蓝"},
    {"le", "乐"},
    {"lei", "雷磊蕾"},
    {"li", "李黎立利丽莉俪励力栗璃离梨"},
    {"lian", "莲连廉练涟"},
    {"liang", "梁良亮凉量粮"},
    {"liao", "廖"},
    {"lin", "林琳霖临麟淋磷"},
    {"ling", "凌玲灵铃龄菱翎令"},
    {"liu", "刘柳"},
    {"long", "龙隆珑"},
    {"lu", "卢陆芦鲁路"},
    {"luo", "罗"},
    {"lv", "吕"},
    {"ma", "马"},
    {"mai", "买麦"},
    {"man", "曼"},
    {"mao", "毛"},
    {"mei", "梅美妹媚玫眉"},
    {"meng", "孟梦萌"},
    {"miao", "苗缪"},
    {"min", "民敏闽"},
    {"ming", "明铭鸣茗名"},
    {"mo", "莫"},
    {"mou", "牟"},
    {"na", "娜纳那"},
    {"nan", "南楠男"},
    {"ni", "倪尼妮拟"},
    {"nie", "聂"},
    {"ning", "宁凝柠"},
    {"niu", "牛"},
    {"ou", "欧区"},
    {"pan", "潘"},
    {"pang", "庞"},
    {"peng", "彭鹏朋蓬芃"},
    {"piao", "朴"},
    {"ping", "平萍苹屏"},
    {"qi", "齐祁琪"},
    {"qian", "钱倩茜欠"},
    {"qiang", "强墙樯蔷"},
    {"qiao", "乔巧"},
    {"qin", "秦覃琴勤"},
    {"qing", "庆清青晴"},
    {"qiong", "琼"},
    {"qiu", "邱仇秋球"},
    {"qu", "曲"},
    {"quan", "全权泉"},
    {"ran", "然"},
    {"ren", "任"},
    {"rong", "荣蓉容融溶嵘熔"},
    {"rui", "瑞睿锐蕊"},
    {"ruo", "若"},
    {"shan", "单山"},
    {"shao", "邵少"},
    {"she", "佘"},
    {"shen", "沈申"},
    {"sheng", "盛生圣胜升声"},
    {"shi", "石史施时世士诗师仕实"},
    {"shu", "舒树淑"},
    {"shuai", "帅"},
    {"shun", "顺"},
    {"si", "思斯丝司四"},
    {"song", "宋"},
    {"su", "苏素"},
    {"sun", "孙"},
    {"tan", "谭"},
    {"tang", "唐汤堂"},
    {"tao", "陶涛滔桃韬淘"},
    {"tian", "田天"},
    {"ting", "婷庭亭廷停挺"},
    {"tong", "童彤桐"},
    {"tu", "涂吐"},
    {"wan", "万婉"},
    {"wang", "王汪"},
    {"wei", "魏韦卫伟维玮威炜微唯蔚为围"},
    {"wen", "文温雯纹闻吻稳"},
    {"wu", "吴武伍"},
    {"xi", "喜熙希曦"},
    {"xia", "夏霞"},
    {"xian", "仙贤"},
    {"xiang", "向祥香翔详湘想项"},
    {"xiao", "肖萧晓小筱孝校笑"},
    {"xie", "谢解"},
    {"xin", "辛新鑫欣馨心昕薪信忻"},
    {"xing", "邢兴星"},
    {"xiong", "熊"},
    {"xiu", "秀绣"},
    {"xu", "徐许旭绪序续煦"},
    {"xuan", "轩萱宣选璇旋炫"},
    {"xue", "薛学雪血"},
    {"ya", "亚雅娅"},
    {"yan", "闫严颜阎燕艳妍彦雁焰研言岩沿"},
    {"yang", "杨阳洋扬羊央仰"},
    {"yao", "姚瑶遥耀药要"},
    {"ye", "叶晔烨"},
    {"yi", "易义毅艺怡一奕逸依宜仪轶益翼伊倚"},
    {"yin", "尹殷银"},
    {"ying", "英颖莹迎盈"},
    {"yong", "永勇泳咏涌"},
    {"you", "尤友有"},
    {"yu", "余于俞玉宇雨煜语育钰郁裕羽"},
    {"yuan", "袁元源媛远"},
    {"yue", "岳月悦越跃"},
    {"yun", "云芸韵蕴耘允运"},
    {"ze", "泽则择"},
    {"zeng", "曾增赠"},
    {"zha", "查"},
    {"zhan", "詹"},
    {"zhang", "张章长彰樟漳"},
    {"zhao", "赵召照兆招昭"},
    {"zhe", "哲"},
    {"zhen", "珍贞振真震镇祯臻"},
    {"zheng", "郑正政征铮"},
    {"zhi", "志芝芷智治致枝之至"},
    {"zhong", "钟忠中终仲重众"},
    {"zhou", "周洲舟州"},
    {"zhu", "朱祝珠株竹柱"},
    {"zhuang", "庄"},
    {"zhuo", "卓"},
    {"zi", "子梓紫姿滋字自"},
    {"zou", "邹"},
    {"zuo", "左琢"},
};

// Pairs: how a character is written now, and in traditional writing or otherwise.
constexpr absl::string_view kVariants =
    "张張 刘劉 陈陳 杨楊 黄黃 赵趙 吴吳 孙孫 马馬 罗羅 郑鄭 谢謝 许許 韩韓 邓鄧 冯馮 "
    "蒋蔣 叶葉 苏蘇 吕呂 卢盧 钟鍾 谭譚 陆陸 韦韋 贾賈 邹鄒 龙龍 贺賀 顾顧 龚龔 万萬 "
    "钱錢 严嚴 汤湯 乔喬 赖賴 庞龐 兰蘭 颜顏 温溫 芦蘆 鲁魯 毕畢 聂聶 齐齊 庄莊 关關 "
    "费費 纪紀 欧歐 单單 华華 盖蓋 缪繆 乐樂 萧蕭 阎閻 国國 长長 树樹 学學 庆慶 云雲 "
    "宝寶 贵貴 广廣 兴興 荣榮 发發 财財 义義 军軍 顺順 银銀 凤鳳 爱愛 红紅 莲蓮 连連 "
    "贞貞 晓曉 卫衛 东東 伟偉 强強 刚剛 辉輝 涛濤 杰傑 鹏鵬 锋鋒 飞飛 丽麗 亚亞 艳艷 "
    "琼瓊 静靜 洁潔 颖穎 泽澤 艺藝 凯凱 阳陽 宁寧 帅帥 梦夢 诗詩 莹瑩 娇嬌 铭銘 轩軒 "
    "诚誠 恒恆 语語 瑶瑤 悦悅 维維 玮瑋 炜煒 墙牆 樯檣 闽閩 竞競 圣聖 芸蕓 韵韻 蕴蘊 "
    "拟擬 俪儷 励勵 离離 娅婭 节節 结結 彦彥 鸿鴻 钧鈞 骏駿 晖暉 挥揮 丰豐 枫楓 练練 "
    "涟漣 钰鈺 聪聰 丛叢 锦錦 谨謹 晋晉 进進 桦樺 骅驊 灵靈 铃鈴 龄齡 临臨 蔷薔 详詳 "
    "鸣鳴 纹紋 闻聞 稳穩 宾賓 滨濱 缤繽 纳納 韬韜 剑劍 坚堅 咏詠 钢鋼 岗崗 纲綱 柠檸 "
    "珑瓏 仪儀 轶軼 嵘嶸 锐銳 丝絲 师師 选選 绪緒 续續 扬揚 遥遙 跃躍 运運 镇鎮 祯禎 "
    "择擇 赠贈 铮錚 终終 峰峯 群羣 肖萧 付傅 闫阎 代戴 昇升 升昇 喆哲 哲喆 堃坤 坤堃 "
    "昆崑 岳嶽 彩綵 买麦 麦买 烨燁 恺愷 岚嵐 蓝藍 贤賢 绣繡 晔曄 权權 远遠";

// Groups of characters that are taken for one another.
constexpr absl::string_view kLookalikes =
    "晴睛 明朋 宇宁字 玲珍 秀季李 王玉壬 天夭 末未 春舂 婷停 丹舟 荣茱 栋拣 桂佳住 淑椒 芬芳 汪江 "
    "陈阵 "
    "杨扬 治冶 斌赋 贵责 蓉容 莹营 若苦 雪雷 瑶遥摇 清请情 洪供 浩洁 永水 东乐 民氏 庆厌 利和 林材 "
    "峰蜂锋 "
    "俊梭 娜哪 莲连 晓晚 月用 于干 史吏 田由申 毛手 石右 孟盂 辛幸 任仕 何伺 余佘 宋宗 万方 崔催 "
    "熊能 曾会 "
    "谭潭 梁粱 萱宣 金全 侯候 丽两 兵岳 涛祷 铭茗 诗持 雯雪 琳淋 昊吴 梓辛 思恩 文丈 生主 土士 "
    "平乎 "
    "志忘 国图 艳艰 军车 建健";

constexpr std::size_t LengthOf(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Falls with the rank about as the frequency of characters in names does.
WeightedWords ByRank(const std::vector<absl::string_view>& words) {
  WeightedWords::Words weighted;
  for (const absl::string_view word : words) {
    weighted.emplace_back(word, 1.0 / (static_cast<double>(weighted.size()) + 15));
  }
  return WeightedWords(std::move(weighted));
}

WeightedWords Characters(absl::string_view text) { return ByRank(CharactersOf(text)); }
WeightedWords Words(absl::string_view text) {
  return ByRank(std::vector<absl::string_view>(absl::StrSplit(text, ' ')));
}

WeightedWords Surnames() {
  WeightedWords::Words words;
  for (const SurnameShare& entry : kSurnames) words.emplace_back(entry.surname, entry.share);
  return WeightedWords(std::move(words));
}

struct NameTables {
  explicit NameTables(const GivenNames& names)
      : first(Characters(names.first)),
        last(Characters(names.last)),
        single(Characters(names.single)),
        whole(Words(names.whole)) {}
  WeightedWords first, last, single, whole;
};

using Others = absl::flat_hash_map<std::string, std::vector<std::string>>;

void AddGroup(absl::string_view group, Others& others) {
  const std::vector<absl::string_view> characters = CharactersOf(group);
  for (const absl::string_view one : characters) {
    for (const absl::string_view other : characters) {
      if (one != other) others[one].emplace_back(other);
    }
  }
}

struct Tables {
  WeightedWords surnames = Surnames();
  std::vector<NameTables> men, women;  // By era.
  WeightedWords uyghur_men = Words(kUyghurMen);
  WeightedWords uyghur_women = Words(kUyghurWomen);
  absl::flat_hash_map<std::string, absl::string_view> readings;
  Others homophones, variants, lookalikes;

  Tables() {
    for (std::size_t era = 0; era < kEras; ++era) {
      men.emplace_back(kMen[era]);
      women.emplace_back(kWomen[era]);
    }
    for (const Reading& reading : kReadings) {
      AddGroup(reading.characters, homophones);
      for (const absl::string_view one : CharactersOf(reading.characters)) {
        readings.emplace(one, reading.reading);
      }
    }
    for (const absl::string_view pair : absl::StrSplit(kVariants, ' ')) {
      const std::vector<absl::string_view> two = CharactersOf(pair);
      variants[two[0]].emplace_back(two[1]);
    }
    for (const absl::string_view group : absl::StrSplit(kLookalikes, ' ')) {
      AddGroup(group, lookalikes);
    }
  }

  const NameTables& GivenOf(char sex, int birth_year) const {
    return (sex == '1' ? men : women)[EraOf(birth_year)];
  }
};

const Tables& AllTables() {
  static const Tables& tables = *new Tables;
  return tables;
}

const std::vector<std::string>& Find(const Others& others, absl::string_view character) {
  static const auto& none = *new std::vector<std::string>;
  const auto found = others.find(character);
  return found == others.end() ? none : found->second;
}

}  // namespace

WeightedWords::WeightedWords(Words words)
    : keep_(words.size(), std::uint64_t{1} << 32), other_(words.size(), 0) {
  double total = 0;
  for (const auto& [word, weight] : words) total += weight;
  std::vector<double> scaled;
  std::vector<std::size_t> small;
  std::vector<std::size_t> large;
  for (auto& [word, weight] : words) {
    scaled.push_back(weight * static_cast<double>(words.size()) / total);
    (scaled.back() < 1 ? small : large).push_back(scaled.size() - 1);
    words_.push_back(std::move(word));
  }
  while (!small.empty() && !large.empty()) {
    const std::size_t few = small.back();
    const std::size_t many = large.back();
    small.pop_back();
    keep_[few] = static_cast<std::uint64_t>(scaled[few] * 0x1p32);
    other_[few] = many;
    scaled[many] -= 1 - scaled[few];
    if (scaled[many] < 1) {
      large.pop_back();
      small.push_back(many);
    }
  }
}

const std::string& DrawSurname(Random& random) { return AllTables().surnames.Draw(random); }

std::string DrawGivenName(Random& random, char sex, int birth_year) {
  const NameTables& names = AllTables().GivenOf(sex, birth_year);
  const double kind = random.Unit();
  const double single = kSingleShare[EraOf(birth_year)];
  if (kind < single) {
    // Those in fashion, and any other.
    const double list = random.Unit();
    return (list < 0.3 ? names.single : list < 0.7 ? names.last : names.first).Draw(random);
  }
  if (kind < single + (1 - single) * kWholeShare) return names.whole.Draw(random);
  const std::string& last = names.last.Draw(random);
  return absl::StrCat(names.first.Draw(random), last);
}

std::string DrawSiblingName(Random& random, char sex, int birth_year, absl::string_view given) {
  const NameTables& names = AllTables().GivenOf(sex, birth_year);
  const std::vector<absl::string_view> characters = CharactersOf(given);
  if (characters.size() != 2) return names.single.Draw(random);
  if (random.Chance(0.3)) return absl::StrCat(names.first.Draw(random), characters[1]);
  return absl::StrCat(characters[0], names.last.Draw(random));
}

const std::string& DrawUyghurName(Random& random, char sex) {
  const Tables& tables = AllTables();
  return (sex == '1' ? tables.uyghur_men : tables.uyghur_women).Draw(random);
}

const RareCharacter& DrawRareCharacter(Random& random) {
  return kRareCharacters[random.Below(std::size(kRareCharacters))];
}

const RareCharacter* FindRareCharacter(absl::string_view character) {
  for (const RareCharacter& rare : kRareCharacters) {
    if (rare.character == character) return &rare;
  }
  return nullptr;
}

absl::string_view ReadingOf(absl::string_view character) {
  const auto& readings = AllTables().readings;
  const auto found = readings.find(character);
  return found == readings.end() ? absl::string_view() : found->second;
}

const std::vector<std::string>& HomophonesOf(absl::string_view character) {
  return Find(AllTables().homophones, character);
}

const std::vector<std::string>& VariantsOf(absl::string_view character) {
  return Find(AllTables().variants, character);
}

const std::vector<std::string>& LookalikesOf(absl::string_view character) {
  return Find(AllTables().lookalikes, character);
}

std::vector<absl::string_view> CharactersOf(absl::string_view text) {
  std::vector<absl::string_view> characters;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = LengthOf(text[i]);
    characters.push_back(text.substr(i, length));
    i += length;
  }
  return characters;
}

}  // namespace anqiao::testing
