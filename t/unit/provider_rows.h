
/*
 * What each row of conf/providers.conf means: whoever changes a row there
 * changes it here, too, and has a reason for both.  Columns: the id; what its
 * answers are worth (L learned, D definitive, A accepts_all, R refuses_all);
 * G for a gateway; sessions, messages and refused recipients, 0 where nothing
 * is known; one host for each of its suffixes.
 */

    { "gmail", 'D', 0, 5, 50, 0,
      "gmail-smtp-in.l.google.com" },
    { "google", 'L', 0, 0, 0, 0,
      "google.com googlemail.com" },
    { "outlook-com", 'D', 0, 5, 50, 0,
      "olc.protection.outlook.com" },
    { "microsoft365", 'L', 0, 0, 0, 0,
      "mail.protection.outlook.com mx.microsoft mail.eo.outlook.com "
      "mail.protection.office365.us "
      "mail.protection.partner.outlook.cn" },
    { "yahoo", 'A', 0, 0, 20, 0,
      "yahoodns.net" },
    { "yahoo-japan", 'A', 0, 2, 20, 0,
      "mail.yahoo.co.jp" },
    { "icloud", 'L', 0, 10, 5, 0,
      "mail.icloud.com" },
    { "zoho", 'L', 0, 0, 0, 0,
      "zoho.com zoho.eu zoho.in zoho.com.au zohomail.com "
      "zohomail.eu zohomail.in zohocloud.ca" },
    { "proton", 'L', 0, 0, 0, 0,
      "protonmail.ch" },
    { "fastmail", 'L', 0, 0, 0, 0,
      "messagingengine.com" },
    { "gmx", 'D', 0, 4, 20, 0,
      "gmx.net gmx.com" },
    { "web-de", 'D', 0, 4, 20, 0,
      "web.de" },
    { "mail-com", 'L', 0, 0, 100, 0,
      "mx00.mail.com mx01.mail.com" },
    { "ionos", 'L', 0, 0, 0, 0,
      "kundenserver.de perfora.net ionos.com ionos.de ionos.co.uk "
      "ionos.fr ionos.es ionos.it 1and1.com 1and1.co.uk 1and1.fr "
      "1and1.es schlund.de" },
    { "yandex", 'L', 0, 0, 0, 0,
      "yandex.ru yandex.net yandex.com" },
    { "mailru-business", 'L', 0, 0, 0, 0,
      "emx.mail.ru" },
    { "mailru", 'A', 0, 0, 0, 0,
      "mxs.mail.ru" },
    { "rambler", 'L', 0, 0, 0, 0,
      "rambler.ru" },
    { "qq", 'L', 0, 4, 8, 0,
      "qq.com" },
    { "netease", 'L', 0, 4, 7, 0,
      "netease.com ym.163.com qiye.163.com" },
    { "aliyun", 'L', 0, 0, 0, 0,
      "qiye.aliyun.com mxhichina.com alibaba.com alibaba-inc.com" },
    { "sina", 'L', 0, 0, 0, 0,
      "sina.com.cn sina.com sinanet.com" },
    { "naver", 'L', 0, 0, 0, 0,
      "naver.com" },
    { "daum", 'L', 0, 0, 0, 0,
      "hanmail.net daum.net" },
    { "docomo", 'L', 0, 0, 0, 0,
      "docomo.ne.jp" },
    { "au", 'L', 0, 0, 0, 0,
      "ezweb.ne.jp au.com" },
    { "softbank", 'L', 0, 0, 0, 0,
      "softbank.jp softbank.ne.jp" },
    { "t-online", 'L', 0, 0, 0, 0,
      "mx00.t-online.de mx01.t-online.de mx02.t-online.de "
      "mx03.t-online.de" },
    { "freenet", 'L', 0, 0, 0, 0,
      "freenet.de" },
    { "orange", 'L', 0, 2, 0, 0,
      "smtp-in.orange.fr" },
    { "laposte", 'L', 0, 0, 0, 0,
      "laposte.net" },
    { "free", 'L', 0, 0, 0, 0,
      "mx1.free.fr mx2.free.fr" },
    { "sfr", 'L', 0, 0, 0, 0,
      "smtp-in.sfr.fr" },
    { "libero", 'L', 0, 0, 0, 0,
      "libero.it" },
    { "seznam", 'L', 0, 0, 0, 0,
      "seznam.cz" },
    { "wp", 'L', 0, 0, 0, 0,
      "wp.pl" },
    { "onet", 'L', 0, 0, 0, 0,
      "onet.pl" },
    { "interia", 'L', 0, 0, 0, 0,
      "interia.pl" },
    { "uol", 'L', 0, 0, 0, 0,
      "uol.com.br bol.com.br" },
    { "terra", 'L', 0, 0, 0, 0,
      "terra.com" },
    { "comcast", 'L', 0, 25, 0, 0,
      "mx1.comcast.net mx2.comcast.net mx1a1.comcast.net "
      "mx2a1.comcast.net mx1c1.comcast.net mx2c1.comcast.net "
      "mx1h1.comcast.net mx2h1.comcast.net" },
    { "cox-charter", 'L', 0, 0, 0, 0,
      "cloudfilter.net msg.pkvw.co.charter.net mx0.charter.net "
      "mx1.charter.net" },
    { "att", 'L', 0, 0, 0, 0,
      "al-ip4-mx-vip1.prodigy.net al-ip4-mx-vip2.prodigy.net "
      "ff-ip4-mx-vip1.prodigy.net ff-ip4-mx-vip2.prodigy.net" },
    { "tutanota", 'L', 0, 0, 0, 0,
      "tutanota.de" },
    { "posteo", 'L', 0, 0, 0, 0,
      "posteo.de" },
    { "mailbox-org", 'L', 0, 0, 0, 0,
      "mailbox.org" },
    { "hey", 'L', 0, 0, 0, 0,
      "app.hey.com" },
    { "runbox", 'L', 0, 0, 0, 0,
      "runbox.com" },
    { "migadu", 'L', 0, 0, 0, 0,
      "migadu.com" },
    { "purelymail", 'L', 0, 0, 0, 0,
      "purelymail.com" },
    { "bt", 'L', 0, 0, 0, 0,
      "mx.bt.prod.cloud.openwave.ai" },
    { "atmail", 'L', 0, 0, 0, 0,
      "atmailcloud.com" },
    { "open-xchange", 'L', 0, 0, 0, 0,
      "oxcs.net" },
    { "virgilio", 'L', 0, 0, 0, 0,
      "smtp-in.virgilio.it" },
    { "tiscali", 'L', 0, 0, 0, 0,
      "mail.tiscali.it" },
    { "ziggo", 'L', 0, 0, 0, 0,
      "mxin5.ziggo.nl mxin10.ziggo.nl" },
    { "kpn", 'L', 0, 10, 10, 0,
      "mx.kpnmail.nl" },
    { "telenet", 'L', 0, 0, 0, 0,
      "mx1.telenet-ops.be mx2.telenet-ops.be" },
    { "telia", 'L', 0, 0, 0, 0,
      "mail.telia.com" },
    { "norlys", 'L', 0, 0, 0, 0,
      "mx10.norlys.dk mx20.norlys.dk" },
    { "bell", 'L', 0, 0, 0, 0,
      "mxmta.owm.bell.net" },
    { "telstra", 'L', 0, 0, 0, 0,
      "extmail.bigpond.com" },
    { "smx", 'L', 0, 0, 0, 0,
      "smxcloud.com" },
    { "rediff", 'L', 0, 0, 0, 0,
      "rediffmail.rediff.akadns.net" },
    { "hushmail", 'L', 0, 0, 0, 0,
      "hushmail.com" },
    { "mailfence", 'L', 0, 0, 0, 0,
      "mailfence.com" },
    { "spacemail", 'L', 0, 0, 0, 0,
      "mx1.spacemail.com mx2.spacemail.com" },
    { "mimecast", 'L', 'G', 10, 100, 0,
      "mimecast.com mimecast.co.za mimecast-offshore.com" },
    { "proofpoint", 'L', 'G', 0, 0, 0,
      "pphosted.com ppops.net pphosted.eu" },
    { "proofpoint-essentials", 'L', 'G', 0, 0, 0,
      "ppe-hosted.com ppe-hosted.eu" },
    { "barracuda", 'L', 'G', 10, 15, 0,
      "barracudanetworks.com cudamail.com" },
    { "cisco", 'L', 'G', 0, 0, 25,
      "iphmx.com" },
    { "sophos", 'L', 'G', 0, 0, 0,
      "hydra.sophos.com mail.protection.sophos.com reflexion.net" },
    { "trendmicro", 'L', 'G', 0, 0, 0,
      "trendmicro.com trendmicro.eu trendmicro.co.jp" },
    { "symantec", 'L', 'G', 0, 0, 0,
      "messagelabs.com" },
    { "forcepoint", 'L', 'G', 0, 0, 0,
      "mailcontrol.com" },
    { "hornetsecurity", 'L', 'G', 0, 0, 0,
      "hornetsecurity.com antispameurope.com hornetsecurity.ca" },
    { "spamexperts", 'L', 'G', 0, 0, 0,
      "antispamcloud.com spamexperts.com spamexperts.eu "
      "spamexperts.net" },
    { "siteground", 'L', 0, 0, 0, 0,
      "mailspamprotection.com" },
    { "fireeye", 'L', 'G', 0, 0, 0,
      "fireeyecloud.com fireeyegov.com" },
    { "vade", 'L', 'G', 0, 0, 0,
      "vadesecure.com vade-retro.com" },
    { "mailroute", 'L', 'G', 0, 0, 0,
      "mailroute.net" },
    { "appriver", 'L', 'G', 0, 0, 0,
      "arsmtp.com zixmail.net appriver.com" },
    { "spamhero", 'L', 'G', 0, 0, 0,
      "spamhero.com" },
    { "retarus", 'L', 'G', 0, 0, 0,
      "retarus.com" },
    { "area1", 'L', 'G', 0, 0, 0,
      "mxrecord.io mxrecord.mx" },
    { "fortimail", 'L', 'G', 0, 0, 0,
      "fortimailcloud.com" },
    { "mailchannels", 'L', 'G', 0, 0, 0,
      "mx1.mailchannels.net mx2.mailchannels.net" },
    { "ovh", 'L', 0, 0, 0, 0,
      "mail.ovh.net mail.ovh.com mail.ovh.ca redirect.ovh.net "
      "mx0.ovh.net mx1.ovh.net mx2.ovh.net mx3.ovh.net mx4.ovh.net "
      "mxb.ovh.net" },
    { "gandi", 'L', 0, 0, 0, 0,
      "mail.gandi.net" },
    { "rackspace", 'L', 0, 0, 0, 0,
      "emailsrvr.com" },
    { "amazon", 'L', 0, 0, 0, 0,
      "awsapps.com inbound-smtp.us-east-1.amazonaws.com "
      "inbound-smtp.us-east-2.amazonaws.com "
      "inbound-smtp.us-west-1.amazonaws.com "
      "inbound-smtp.us-west-2.amazonaws.com "
      "inbound-smtp.ca-central-1.amazonaws.com "
      "inbound-smtp.eu-west-1.amazonaws.com "
      "inbound-smtp.eu-west-2.amazonaws.com "
      "inbound-smtp.eu-west-3.amazonaws.com "
      "inbound-smtp.eu-central-1.amazonaws.com "
      "inbound-smtp.eu-central-2.amazonaws.com "
      "inbound-smtp.eu-north-1.amazonaws.com "
      "inbound-smtp.eu-south-1.amazonaws.com "
      "inbound-smtp.il-central-1.amazonaws.com "
      "inbound-smtp.me-south-1.amazonaws.com "
      "inbound-smtp.af-south-1.amazonaws.com "
      "inbound-smtp.ap-south-1.amazonaws.com "
      "inbound-smtp.ap-south-2.amazonaws.com "
      "inbound-smtp.ap-northeast-1.amazonaws.com "
      "inbound-smtp.ap-northeast-2.amazonaws.com "
      "inbound-smtp.ap-northeast-3.amazonaws.com "
      "inbound-smtp.ap-southeast-1.amazonaws.com "
      "inbound-smtp.ap-southeast-2.amazonaws.com "
      "inbound-smtp.ap-southeast-3.amazonaws.com "
      "inbound-smtp.ap-southeast-5.amazonaws.com "
      "inbound-smtp.sa-east-1.amazonaws.com "
      "inbound-smtp.us-gov-west-1.amazonaws.com "
      "inbound-smtp.us-gov-east-1.amazonaws.com" },
    { "cloudflare", 'L', 0, 0, 0, 0,
      "mx.cloudflare.net" },
    { "improvmx", 'L', 0, 0, 0, 0,
      "improvmx.com" },
    { "forwardemail", 'L', 0, 0, 0, 0,
      "forwardemail.net" },
    { "simplelogin", 'L', 0, 0, 0, 0,
      "simplelogin.co simplelogin.io" },
    { "addy", 'L', 0, 0, 0, 0,
      "anonaddy.me addy.io anonaddy.com" },
    { "duckduckgo", 'L', 0, 0, 0, 0,
      "duck.com" },
    { "godaddy", 'L', 0, 0, 0, 0,
      "smtp.secureserver.net mailstore1.secureserver.net "
      "smtp.asia.secureserver.net mailstore1.asia.secureserver.net "
      "smtp.europe.secureserver.net "
      "mailstore1.europe.secureserver.net "
      "smtp.where.secureserver.net "
      "mailstore1.where.secureserver.net" },
    { "namecheap", 'L', 0, 0, 0, 0,
      "privateemail.com registrar-servers.com" },
    { "hostinger", 'L', 0, 0, 0, 0,
      "mx1.hostinger.com mx2.hostinger.com titan.email" },
    { "dreamhost", 'L', 0, 0, 0, 0,
      "mx1.dreamhost.com mx2.dreamhost.com mail.dreamhost.com" },
    { "one-com", 'L', 0, 0, 0, 0,
      "one.com" },
    { "strato", 'L', 0, 0, 0, 0,
      "smtpin.rzone.de" },
    { "hetzner", 'L', 0, 0, 0, 0,
      "your-server.de" },
    { "infomaniak", 'L', 0, 0, 0, 0,
      "mta-gw.infomaniak.ch" },
    { "hostpoint", 'L', 0, 0, 0, 0,
      "mail.hostpoint.ch" },
    { "loopia", 'L', 0, 0, 0, 0,
      "loopia.se" },
    { "aruba", 'L', 0, 0, 0, 0,
      "aruba.it" },
    { "locaweb", 'L', 0, 0, 0, 0,
      "core.locaweb.com.br mx.a.locaweb.com.br mx.b.locaweb.com.br "
      "mx.jk.locaweb.com.br emailmg.com.br" },
    { "nicmail", 'L', 0, 0, 0, 0,
      "nicmail.ru" },
    { "mxroute", 'L', 0, 0, 0, 0,
      "mxrouting.net mxlogin.com" }
