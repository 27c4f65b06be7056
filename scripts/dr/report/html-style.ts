/** The page's own style: light and dark by the reader's wish, a sheet of paper when printed, cards instead of tables on a phone. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#17202c;--soft:#566274;--line:#dde2e9;--head:#eef1f5;
--pass:#166b3a;--pass-bg:#e3f4e9;--fail:#b01c2e;--fail-bg:#fdeaec;--unknown:#8a5200;--unknown-bg:#fdf1dc;--skip:#4d5968;--skip-bg:#eceff3;
--machine:#2f6fb7;--machine-2:#8db4df;--people:#d98a14;--people-2:#f4c877;--stopped:#8793a3;--track:#edf0f4;--link:#1d5fa8}
@media (prefers-color-scheme:dark){:root{--bg:#11161d;--card:#19202a;--ink:#e7ecf2;--soft:#9eacbd;--line:#2c3644;--head:#202936;
--pass:#6fd79a;--pass-bg:#143322;--fail:#ff8b96;--fail-bg:#451a20;--unknown:#f2bd62;--unknown-bg:#3d2d10;--skip:#a9b5c4;--skip-bg:#28313d;
--machine:#5b9ee6;--machine-2:#345f8f;--people:#e0a13b;--people-2:#7d5a1f;--stopped:#7f8b9b;--track:#232c38;--link:#8bbdf5}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 24px 64px}
h1{font-size:15px;font-weight:600;letter-spacing:.01em;margin:0;color:var(--soft)}
h2{font-size:20px;line-height:1.25;margin:0 0 14px}
h3{font-size:14px;margin:18px 0 6px}
p{margin:0 0 10px;max-width:78ch}
a{color:var(--link)}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.dim,.why,.none,.cuts{color:var(--soft)}
.why{font-size:13px;margin-top:2px;max-width:64ch;overflow-wrap:anywhere}
header.top{display:flex;flex-wrap:wrap;gap:4px 20px;justify-content:space-between;align-items:baseline;margin-bottom:14px}
header.top .id{color:var(--soft);font-size:13px}
.lab{border:2px dashed var(--people);border-radius:10px;padding:10px 16px;margin-bottom:14px;background:var(--unknown-bg)}
.lab strong{color:var(--unknown)}
.hero{background:var(--card);border:1px solid var(--line);border-left:8px solid var(--tone);border-radius:12px;padding:22px 26px;--tone:var(--unknown)}
.hero.green{--tone:var(--pass)}.hero.red{--tone:var(--fail)}
.hero .word{font-size:34px;line-height:1.1;font-weight:750;color:var(--tone);letter-spacing:-.01em}
.hero .sentence{font-size:17px;margin:8px 0 0;max-width:none}
.hero ul{margin:12px 0 0;padding-left:20px}
.hero li{margin:3px 0;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(155px,1fr));gap:12px;margin:14px 0 0;padding:0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px;margin:0}
.tile dt{font-size:13px;color:var(--soft)}
.tile dd{margin:0}
.tile .big{font-size:25px;font-weight:700;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tile .small{font-size:13px;color:var(--soft)}
nav{margin:18px 0 0;font-size:14px;display:flex;flex-wrap:wrap;gap:4px 16px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:22px 26px;margin-top:18px}
.table{margin:0 0 16px}.table:last-child{margin-bottom:0}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;font-weight:650;padding:0 0 6px}
th,td{text-align:left;vertical-align:top;padding:7px 14px 7px 0;border-bottom:1px solid var(--line);overflow-wrap:break-word}
td.w,td.f,td.a{overflow-wrap:anywhere}td.a{min-width:10em}
tbody th{font-weight:550}
thead th{font-size:12.5px;color:var(--soft);font-weight:600;white-space:nowrap}
tr:last-child th,tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .n{text-align:right}
.n+td:not(.n),.n+th:not(.n){padding-left:12px}
.w{width:30%}
.f{width:46%}.b{width:12%}td.b{border-bottom:1px solid var(--soft)!important}
.mark{display:inline-block;white-space:nowrap;border-radius:999px;padding:0 9px;font-size:13px;font-weight:650;line-height:1.6}
.mark.pass{color:var(--pass);background:var(--pass-bg)}.mark.fail{color:var(--fail);background:var(--fail-bg)}
.mark.unknown{color:var(--unknown);background:var(--unknown-bg)}.mark.skip{color:var(--skip);background:var(--skip-bg)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:4px 28px;margin:0 0 14px}
.facts div{display:flex;gap:12px;padding:4px 0;border-bottom:1px solid var(--line)}
.facts dt{flex:0 0 120px;color:var(--soft)}.facts dd{margin:0;min-width:0;overflow-wrap:anywhere}
details{border-top:1px solid var(--line);padding:8px 0}
summary{cursor:pointer;font-weight:650;font-size:14px;padding:2px 0}
details[open] summary{margin-bottom:8px}details caption{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}
ul{margin:0 0 12px;padding-left:20px}
.defs{position:absolute}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:13px;color:var(--soft);max-width:none}
.k{display:inline-block;width:22px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.k.machine{background:var(--machine)}.k.people{background:repeating-linear-gradient(90deg,var(--people) 0 4px,var(--people-2) 4px 8px)}
.k.stopped{background:repeating-linear-gradient(90deg,var(--stopped) 0 1px,var(--track) 1px 5px)}.k.failed{background:var(--fail)}
.row{display:grid;grid-template-columns:200px minmax(0,1fr) 74px;gap:12px;align-items:center}
.row .label{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:14px}
.row .time{text-align:right;font-variant-numeric:tabular-nums;font-size:13.5px}
.track{background:var(--track);border-radius:4px;position:relative;height:20px;overflow:hidden;margin:2px 0}
.track svg,.bar{display:block;width:100%;height:100%}
.row.step .label{padding-left:18px;font-size:13px;color:var(--soft)}.row.step .track{height:9px;background:none}.row.step .time{font-size:12.5px;color:var(--soft)}
.row.axis .label{font-size:12px;color:var(--soft)}
.ticks{background:none;height:18px;overflow:visible}
.ticks span{position:absolute;font-size:12px;color:var(--soft);transform:translateX(-50%);white-space:nowrap}
.ticks span:first-child{transform:none}
.cuts{font-size:13px;margin:6px 0 0}
rect{stroke:var(--card);stroke-width:1px;vector-effect:non-scaling-stroke}
rect.thin{stroke:none}
rect.work{fill:var(--machine)}rect.work.already{fill:var(--machine-2)}rect.asked{fill:url(#people)}rect.gap{fill:url(#stopped);stroke:none}rect.bad{fill:var(--fail)}
.people-a{fill:var(--people-2);stroke:none}.people-b{fill:var(--people);stroke:none}.stopped-b{fill:var(--stopped);stroke:none}
.bar{height:12px;min-width:120px;border-radius:3px;background:var(--track);margin-top:5px}
footer{color:var(--soft);font-size:13px;margin-top:22px}
@media (max-width:700px){
main{padding:16px 12px 40px}section,.hero{padding:16px}
.hero .word{font-size:28px}.hero .sentence{font-size:16px}
.tiles{grid-template-columns:1fr 1fr}.tile .big{font-size:21px}.tile{padding:11px 12px}
.facts{grid-template-columns:minmax(0,1fr)}.facts dt{flex-basis:96px}
.row{grid-template-columns:minmax(0,1fr) 64px;gap:0 8px;margin-bottom:5px}
.row .label{grid-column:1;grid-row:1}.row .time{grid-column:2;grid-row:1}.row .track{grid-column:1/3;grid-row:2}
.row.step .track{background:var(--track)}
.row.axis .label{grid-column:1/3;grid-row:1}.ticks .odd{display:none}
thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
table,tbody,tr,th,td,caption{display:block;width:auto}
tr{padding:8px 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}
tbody th,tbody td,.n+td:not(.n){border:0;padding:1px 0}
tbody th{font-size:15px;font-weight:650}
td{display:grid;grid-template-columns:104px minmax(0,1fr);gap:0 8px}
td::before{content:attr(data-head);color:var(--soft);font-size:13px}
td.n{text-align:left;white-space:normal}td.w,td.f,td.b{width:auto}td{overflow-wrap:anywhere}td.a{min-width:0}td:empty{display:none}td.b{display:grid;min-height:24px;border-bottom:1px dotted var(--soft)!important;width:auto}
td>*{grid-column:2;justify-self:start}td .bar{justify-self:stretch}
}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--head:#eee;--track:#eee;--pass:#166b3a;--pass-bg:#e3f4e9;--fail:#b01c2e;--fail-bg:#fdeaec;--unknown:#8a5200;--unknown-bg:#fdf1dc;--skip:#4d5968;--skip-bg:#eceff3;--machine:#2f6fb7;--machine-2:#8db4df;--people:#d98a14;--people-2:#f4c877;--stopped:#8793a3;--link:#000}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{size:A4;margin:14mm 12mm}
body{font-size:10.5pt}main{max-width:none;padding:0}nav{display:none}
section,.hero{border-radius:0;border-width:0 0 0 0;padding:10px 0;margin-top:8px;border-top:1px solid var(--line)}
.hero{border-left:6px solid var(--tone);padding-left:14px;border-top:0}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none}
h2{break-after:avoid;font-size:14pt}h3,caption{break-after:avoid}tr,.row,.tile,.facts div{break-inside:avoid}
thead{display:table-header-group}.row{grid-template-columns:172px minmax(0,1fr) 62px}.row .label{font-size:9.5pt}.row.step .label{font-size:8.5pt}
.tiles{grid-template-columns:repeat(6,1fr);gap:6px}.tile{padding:8px 9px}.tile .big{font-size:14pt}.tile dt,.tile .small{font-size:8pt}
table{font-size:9.5pt}.b{height:30px}
}
`;
