"""Texts of the page of a study, English and Chinese side by side."""

from __future__ import annotations

STUDY_TEXTS: dict[str, tuple[str, str]] = {
    "study.title": ("{n} runs: {scenario}", "{n}次模拟：{scenario}"),
    "study.kicker": ("A study of many runs", "多情景研究"),
    "study.answer.title": ("What came out", "结果"),
    "study.runs": (
        "{n} runs. Settings of what we decide: {settings}; worlds of what we do not know: {worlds}. Finished: {ok}.",
        "共{n}次模拟：{settings}种决策组合，{worlds}种不确定情形。{ok}次成功。",
    ),
    "study.some_failed": (
        "{failed} did not: they are listed below and left out of every figure.",
        "{failed}次未完成：列于下文，未计入各图表。",
    ),
    "study.gain_all": (
        "In {year} the region gains real income in {share} of the {n} runs that change something: the median is "
        "{median}, nine in ten lie between {low} and {high}.",
        "到{year}年，在{n}次有政策变化的模拟中，{share}使全区域实际收入增加：中位数{median}，九成介于{low}与{high}之间。",
    ),
    "study.gain_one": (
        "In {year} the region's real income is {gain} against the reference.",
        "到{year}年，全区域实际收入与基准相比{gain}。",
    ),
    "study.losers": (
        "The number of cities that lose is {median} in the middle and between {low} and {high} in nine runs of ten.",
        "受损城市数的中位数为{median}个，九成模拟介于{low}与{high}个之间。",
    ),
    "study.nobody_loses": (
        "No city loses in {n} runs.",
        "有{n}次模拟没有城市受损。",
    ),
    "study.somebody_loses": ("In every run some city loses.", "每次模拟都有城市受损。"),
    "study.tile.runs": ("Runs", "模拟次数"),
    "study.tile.worlds": ("Worlds", "情形数"),
    "study.tile.seconds": ("Computing time", "计算时间"),
    "study.tile.rate": ("{rate} runs a second, {workers} at a time", "每秒{rate}次，{workers}个进程"),
    "study.tile.failed": ("{failed} failed", "{failed}次失败"),
    "study.tile.replications": ("{n} draws of the shocks each", "各{n}次随机冲击"),
    "study.bands.title": ("Year by year", "逐年变化"),
    "study.bands.guide": (
        "One colour per setting. The line is the median of its runs, the ribbon holds nine in ten of them.",
        "每种颜色代表一种决策组合。线为各次模拟的中位数，色带包含九成模拟。",
    ),
    "study.bands.some": ("Shown are {shown} of {n} settings.", "仅显示{n}种组合中的{shown}种。"),
    "study.lever.title": ("Along the lever", "随决策变量的变化"),
    "study.lever.guide": (
        "The outcome of the whole region in {year} against {lever}: the median of the runs and nine in ten of them.",
        "{year}年全区域结果随{lever}的变化：各次模拟的中位数及九成区间。",
    ),
    "study.table.title": ("Setting by setting", "各决策组合"),
    "study.table.guide": (
        "The whole region in {year}, gains against the reference: median, and the span of nine runs in ten.",
        "{year}年全区域，增幅相对基准：中位数，小字为九成模拟的区间。",
    ),
    "study.tornado.title": ("Which guess matters", "哪些判断影响结果"),
    "study.tornado.guide": (
        "Each parameter at the low and the high end of its range, all others where the data set has them. "
        "Bars show {outcome} in {year}; the line is the value with nothing changed.",
        "每个参数取其范围两端，其余保持不变。条形为{year}年{outcome}，竖线为不作改动时的数值。",
    ),
    "study.tornado.low": ("low end", "下限"),
    "study.tornado.high": ("high end", "上限"),
    "study.indices.title": ("Sensitivity indices", "敏感性指数"),
    "study.indices.guide": (
        "Share of the spread of the outcome that each parameter explains (or its mean effect), and half of the "
        "95 % confidence interval.",
        "各参数对结果波动的解释份额（或平均效应）及其置信区间。",
    ),
    "study.conclusions.title": ("What the conclusions hang on", "结论取决于什么"),
    "study.failures.title": ("Runs that failed", "失败的模拟"),
    "study.again.title": ("How it was made", "研究方法"),
    "study.again.python": ("In Python: sim.load(folder) opens the data.", "在Python中用sim.load(folder)读取数据。"),
    "study.again.command": ("The command that repeats the first run", "重现第一次模拟的命令"),
    "study.factor": ("What varies", "变量"),
    "study.role.lever": ("ours to set", "可由我们决定"),
    "study.role.uncertainty": ("not known", "不确定"),
    "study.column.role": ("Role", "性质"),
    "study.column.values": ("Values", "取值"),
    "study.column.run": ("Run", "编号"),
    "study.column.status": ("Status", "状态"),
    "study.column.error": ("Error", "错误"),
    "study.column.outcome": ("Outcome", "结果"),
    "study.column.parameter": ("Parameter", "参数"),
    "study.column.index": ("Index", "指数"),
    "study.column.value": ("Value ± half of the interval", "数值±半区间"),
    "outcome.gain": ("Gain in real income, %", "实际收入增幅，%"),
    "outcome.real_gdp_gain": ("Gain in real GDP, %", "实际GDP增幅，%"),
    "outcome.revenue_gain": ("Gain in city revenue, %", "各市财政收入增幅，%"),
    "outcome.worst_gain": ("Gain of the worst-off city, %", "处境最差城市的增幅，%"),
    "outcome.losers": ("Cities that lose", "受损城市数"),
    "outcome.inequality_change": ("Change of the gap (Theil)", "差距变化（泰尔指数）"),
    "outcome.real_income": ("Real income", "实际收入"),
    "outcome.real_gdp": ("Real GDP", "实际GDP"),
    "outcome.theil_real_income": ("Gap between cities (Theil)", "城市间差距（泰尔指数）"),
}
