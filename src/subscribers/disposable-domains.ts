/**
 * Inboxes that anyone may open and that last minutes: the public services and the names they lend out. Only what is surely one;
 * forwarding services that people keep for years are not here.
 */
const disposable = new Set(
  `0-mail.com 0815.ru 10mail.org 10minutemail.com 10minutemail.net 10minutemail.co.za 10minutesmail.com 1secmail.com 1secmail.net
1secmail.org 20mail.it 20minutemail.com 2prong.com 30minutemail.com 3d-painting.com 60minutemail.com
anonbox.net anonymbox.com antichef.com antireg.com armyspy.com bccto.me beefmilk.com bigprofessor.so binkmail.com bobmail.info
brefmail.com bugmenot.com bumpymail.com bspamfree.org byom.de courriel.fr.nf crazymailing.com cuvox.de
dayrep.com deadaddress.com despam.it devnullmail.com dingbone.com discard.email discardmail.com discardmail.de disposable.com
disposableaddress.com disposableemailaddresses.com disposableinbox.com disposeamail.com dispostable.com dodgeit.com dodgit.com
dontreg.com dropmail.me dumpmail.de easytrashmail.com einrot.com email-fake.com emailfake.com emailondeck.com
emailsensei.com emailtemporanea.net emailtemporario.com.br emailthe.net emailwarden.com emltmp.com ephemail.net eyepaste.com
fakeinbox.com fakeinbox.net fakemail.net fakemailgenerator.com fakermail.com fastacura.com filzmail.com fleckens.hu
generator.email get1mail.com get2mail.fr getairmail.com getnada.com getonemail.com ghosttexter.de
grr.la guerrillamail.biz guerrillamail.com guerrillamail.de guerrillamail.info guerrillamail.net
guerrillamail.org guerrillamailblock.com gustr.com harakirimail.com hidemail.de hmamail.com hulapla.de ieatspam.eu imails.info
inboxalias.com inboxbear.com inboxkitten.com incognitomail.com incognitomail.org instant-mail.de jetable.com jetable.fr.nf
jetable.net jetable.org jourrapide.com kasmail.com killmail.com killmail.net klassmaster.com koszmail.pl kurzepost.de
lifebyfood.com link2mail.net linshiyouxiang.net litedrop.com lookugly.com lortemail.dk luxusmail.org mail-temp.com
mail-temporaire.fr mail.tm mail114.net mailbidon.com mailcatch.com maildrop.cc maildx.com maileater.com mailexpire.com
mailfreeonline.com mailguard.me mailimate.com mailin8r.com mailinater.com mailinator.com mailinator.net mailinator2.com
mailmoat.com mailmetrash.com mailnesia.com mailpoof.com mailsac.com mailscrap.com mailshell.com mailsiphon.com
mailtemp.info mailtothis.com mailzilla.com meltmail.com minutebox.com mintemail.com moakt.cc moakt.com moakt.ws mohmal.com
moncourrier.fr.nf monemail.fr.nf monmail.fr.nf mt2015.com mytemp.email mytempemail.com mytrashmail.com nada.email nada.ltd
neverbox.com no-spam.ws nobulk.com noclickemail.com nospam4.us nospamfor.us nospammail.net notmailinator.com
nowmymail.com objectmail.com one-time.email oneoffemail.com onewaymail.com pjjkp.com pookmail.com
punkass.com putthisinyourspamdatabase.com quickinbox.com rcpt.at rhyta.com rtrtr.com s0ny.net safetymail.info sandelf.de
sharklasers.com shitmail.me shortmail.net sneakemail.net sogetthis.com soodonims.com spam4.me spamavert.com
spambob.com spambog.com spambog.de spambox.us spamcero.com spamday.com spamdecoy.net spamfree24.com spamfree24.org
spamherelots.com spamhole.com spamify.com spaml.com spammotel.com spamobox.com spamspot.com spamthis.co.uk
superrito.com suremail.info teleworm.us temp-mail.io temp-mail.org temp-mail.ru tempail.com tempalias.com
tempe-mail.com tempemail.co tempemail.net tempinbox.com tempmail.de tempmail.dev tempmail.eu tempmail.it tempmail.net
tempmail.plus tempmailaddress.com tempmailer.com tempmailo.com tempomail.fr temporaryemail.net temporaryinbox.com
temporarymail.org tempr.email tempthe.net thankyou2010.com thisisnotmyrealemail.com throwam.com throwawayemailaddress.com
throwawaymail.com tmail.ws tmailinator.com tmpmail.net tmpmail.org tmpeml.com tradermail.info trash-mail.at trash-mail.com
trash-mail.de trashdevil.com trashemail.de trashmail.at trashmail.com trashmail.de trashmail.me trashmail.net trashmail.org
trashmail.ws trashymail.com trbvm.com trialmail.de twinmail.de tyldd.com uggsrock.com venompen.com veryrealemail.com
wegwerfadresse.de wegwerfemail.com wegwerfemail.de wegwerfmail.de wegwerfmail.net wegwerfmail.org wh4f.org whyspam.me
willselfdestruct.com winemaven.info wronghead.com wuzup.net xagloo.com yopmail.com yopmail.fr yopmail.net yuurok.com
zehnminutenmail.de zippymail.info zoemail.org`.split(/\s+/),
);

/** Whether mail to a domain, or to one below it, lands in an inbox that is thrown away. Pure. */
export function isDisposable(domain: string): boolean {
  const labels = domain.split('.');
  return labels.some((_, from) => disposable.has(labels.slice(from).join('.')));
}
