
/*
 * What mail servers and help pages say in other languages than English: that
 * there is no such mailbox, that it is disabled or full, and what says nothing
 * of it.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_rules.h"


#define N  SV_MAILBOX_NOT_FOUND
#define D  SV_MAILBOX_DISABLED
#define F  SV_MAILBOX_FULL
#define U  SV_REASON_NONE       /* whatever else */


typedef struct {
    sv_reason_e         reason;
    unsigned            code;
    const char         *text;
} case_t;


static sv_rules_t  *rules;


static void
check(const case_t *c, size_t n)
{
    sv_reply_t   reply;
    sv_class_t   class;
    sv_reason_e  reason;

    for ( /* void */ ; n; n--, c++) {
        memset(&reply, 0, sizeof(sv_reply_t));

        reply.stage = SV_STAGE_RCPT;
        reply.code = c->code;
        reply.text.data = (unsigned char *) c->text;
        reply.text.len = strlen(c->text);
        reply.rcpt.data = (unsigned char *) "jdoe@example.com";
        reply.rcpt.len = strlen("jdoe@example.com");

        sv_classify(rules, &reply, &class);

        reason = class.reason;

        if (reason != N && reason != D && reason != F) {
            reason = U;
        }

        if (reason != c->reason) {
            fail_msg("%u %s: %s by %s", c->code, c->text,
                     sv_reasons[class.reason].name, class.rule);
        }
    }
}

#define check_all(cases)  check(cases, sizeof(cases) / sizeof(cases[0]))


static void
german_french_spanish(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 Die E-Mail-Adresse, an die Sie schreiben "
                  "wollten, existiert nicht" },
        { N, 550, "Angeforderte Aktion nicht ausgeführt: Postfach nicht "
                  "verfügbar" },
        { N, 550, "5.1.1 Empfängeradresse abgelehnt: Benutzer unbekannt" },
        { N, 550, "Es gibt kein Postfach mit diesem Namen" },
        { N, 550, "Der Empfänger konnte im Adressbuch nicht gefunden "
                  "werden" },
        { N, 550, "5.1.1 Diese Adresse ist uns nicht bekannt" },
        { D, 550, "Das Postfach wurde deaktiviert" },
        { D, 550, "Dieses Konto ist gesperrt" },
        { D, 550, "5.2.1 Das E-Mail-Konto ist inaktiv" },
        { F, 552, "5.2.2 Das Postfach des Empfängers hat keinen "
                  "Speicherplatz mehr" },
        { F, 552, "Speicherplatz des Postfachs erschöpft" },
        { F, 452, "4.2.2 Das Postfach des Empfängers ist überfüllt" },
        { U, 554, "Ihre IP-Adresse steht auf unserer Sperrliste" },
        { U, 550, "Absenderadresse abgelehnt: Domain nicht gefunden" },
        { U, 550, "Der Absender wurde vom Server blockiert" },
        { U, 450, "Greylisting aktiv, bitte versuchen Sie es in 5 "
                  "Minuten erneut" },
        { U, 452, "Zu viele Empfänger" },
        { U, 421, "Zu viele Verbindungen von Ihrer IP-Adresse" },
        { U, 550, "Weiterleitung nicht gestattet" },
        { U, 554, "Relaying ist nicht erlaubt" },
        { U, 451, "Angeforderte Aktion abgebrochen: lokaler Fehler bei "
                  "der Verarbeitung" },
        { U, 452, "Nicht genügend Speicherplatz im System" },
        { U, 554, "Nachricht wurde als Spam eingestuft" },
        { U, 553, "Die Domain des Empfängers existiert nicht" },
        { U, 554, "Transaktion fehlgeschlagen" },
        { N, 550, "5.1.1 Le compte de messagerie que vous tentez de "
                  "joindre n'existe pas" },
        { N, 550, "Action demandée non effectuée : boîte aux lettres non "
                  "disponible" },
        { N, 550, "Adresse du destinataire rejetée : utilisateur inconnu" },
        { N, 550, "Cette adresse e-mail n'est pas valide" },
        { N, 550, "Aucune boîte à ce nom" },
        { N, 550, "Le destinataire est introuvable dans l'annuaire" },
        { N, 550, "Destinataire inexistant" },
        { D, 550, "Ce compte a été désactivé" },
        { D, 550, "Boîte aux lettres fermée" },
        { F, 552, "La boîte de réception du destinataire est saturée" },
        { F, 552, "5.2.2 Quota de la boîte dépassé" },
        { F, 452, "La messagerie du destinataire est pleine" },
        { U, 554, "Votre adresse IP figure sur une liste de blocage" },
        { U, 550, "Adresse d'expéditeur refusée : domaine introuvable" },
        { U, 550, "Votre message a été refusé car il ressemble à du spam" },
        { U, 421, "Trop de connexions simultanées" },
        { U, 452, "Trop de destinataires" },
        { U, 550, "Relais non autorisé" },
        { U, 451, "Action demandée annulée : erreur locale de traitement" },
        { U, 452, "Espace de stockage du système insuffisant" },
        { U, 450, "Liste grise : réessayez dans 5 minutes" },
        { U, 450, "Boîte temporairement indisponible, veuillez réessayer "
                  "plus tard" },
        { U, 550, "Le domaine du destinataire n'existe pas" },
        { N, 550, "5.1.1 La cuenta de correo electrónico a la que "
                  "intentas acceder no existe" },
        { N, 550, "Acción solicitada no realizada: buzón no disponible" },
        { N, 550, "No existe ese usuario aquí" },
        { N, 550, "Dirección del destinatario rechazada: usuario "
                  "desconocido" },
        { N, 550, "El buzón de correo no existe" },
        { N, 550, "Esa cuenta no existe en este servidor" },
        { N, 550, "No hay ningún buzón con ese nombre" },
        { D, 550, "La cuenta está deshabilitada" },
        { D, 550, "Cuenta suspendida" },
        { F, 552, "El buzón del destinatario está lleno" },
        { F, 552, "La cuenta ha superado su cuota de almacenamiento" },
        { F, 452, "La bandeja de entrada del destinatario no tiene "
                  "espacio de almacenamiento" },
        { U, 554, "Su dirección IP está en una lista negra" },
        { U, 550, "Dirección del remitente rechazada: dominio no "
                  "encontrado" },
        { U, 421, "Demasiadas conexiones desde su IP" },
        { U, 452, "Demasiados destinatarios" },
        { U, 550, "Retransmisión denegada" },
        { U, 554, "Mensaje rechazado por política de contenido" },
        { U, 451, "Acción abortada: error local de procesamiento" },
        { U, 452, "Almacenamiento del sistema insuficiente" },
        { U, 450, "Lista gris, intente de nuevo en 5 minutos" },
        { U, 554, "La transacción ha fallado" }
    };

    check_all(cases);
}


static void
portuguese_italian_dutch_polish(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 A conta de e-mail que você tentou acessar não "
                  "existe" },
        { N, 550, "Ação solicitada não realizada: caixa de correio "
                  "indisponível" },
        { N, 550, "Usuário não existe neste servidor" },
        { N, 550, "Endereço do destinatário rejeitado: usuário "
                  "desconhecido" },
        { N, 550, "Destinatário inexistente" },
        { N, 550, "Conta de e-mail não encontrada" },
        { D, 550, "Conta desativada" },
        { D, 550, "Esta caixa postal está bloqueada por inatividade" },
        { F, 552, "Caixa postal do destinatário cheia" },
        { F, 552, "Cota de armazenamento excedida" },
        { F, 452, "A caixa de entrada do destinatário está sem espaço de "
                  "armazenamento" },
        { U, 554, "Seu IP está na lista negra" },
        { U, 550, "Remetente bloqueado" },
        { U, 421, "Muitas conexões do seu IP" },
        { U, 452, "Número de destinatários excedido" },
        { U, 550, "Relay não permitido" },
        { U, 451, "Erro temporário, tente novamente mais tarde" },
        { U, 452, "Espaço em disco insuficiente no servidor" },
        { U, 554, "Mensagem rejeitada por conter spam" },
        { N, 550, "5.1.1 L'account email che hai tentato di raggiungere "
                  "non esiste" },
        { N, 550, "Azione richiesta non eseguita: casella di posta non "
                  "disponibile" },
        { N, 550, "Indirizzo del destinatario rifiutato: utente "
                  "sconosciuto" },
        { N, 550, "Non esiste nessuna casella con questo nome" },
        { N, 550, "Destinatario inesistente" },
        { N, 550, "La casella di posta non è stata trovata" },
        { D, 550, "Account disabilitato" },
        { D, 550, "La casella è stata chiusa" },
        { F, 552, "La casella del destinatario è piena" },
        { F, 552, "Spazio esaurito nella casella del destinatario" },
        { F, 452, "La Posta in arrivo del destinatario ha esaurito lo "
                  "spazio di archiviazione" },
        { U, 554, "Il suo indirizzo IP è in una blacklist" },
        { U, 550, "Mittente rifiutato: dominio inesistente" },
        { U, 421, "Troppe connessioni dal vostro IP" },
        { U, 452, "Troppi destinatari" },
        { U, 550, "Inoltro non consentito" },
        { U, 451, "Errore temporaneo, riprovare più tardi" },
        { U, 452, "Spazio di sistema insufficiente" },
        { U, 554, "Messaggio rifiutato: contenuto indesiderato" },
        { N, 550, "5.1.1 Het e-mailaccount dat je probeert te bereiken, "
                  "bestaat niet" },
        { N, 550, "Gevraagde actie niet uitgevoerd: postvak niet "
                  "beschikbaar" },
        { N, 550, "Adres van de ontvanger geweigerd: gebruiker onbekend" },
        { N, 550, "Er is geen postbus met deze naam" },
        { N, 550, "Deze gebruiker bestaat hier niet" },
        { D, 550, "Dit account is uitgeschakeld" },
        { D, 550, "Mailbox is opgeheven" },
        { F, 552, "De mailbox van de ontvanger is vol" },
        { F, 552, "Opslagquotum overschreden" },
        { U, 554, "Uw IP-adres staat op een zwarte lijst" },
        { U, 550, "Afzender geweigerd: domein niet gevonden" },
        { U, 421, "Te veel verbindingen vanaf uw IP-adres" },
        { U, 452, "Te veel ontvangers" },
        { U, 550, "Relayen niet toegestaan" },
        { U, 451, "Tijdelijke fout, probeer het later opnieuw" },
        { U, 452, "Onvoldoende systeemopslag" },
        { N, 550, "5.1.1 Konto e-mail, do którego próbujesz wysłać "
                  "wiadomość, nie istnieje" },
        { N, 550, "Żądana czynność nie została wykonana: skrzynka "
                  "niedostępna" },
        { N, 550, "Adres odbiorcy odrzucony: użytkownik nieznany" },
        { N, 550, "Nie ma takiego użytkownika" },
        { N, 550, "Taki adres nie istnieje na tym serwerze" },
        { N, 550, "Nie znaleziono odbiorcy" },
        { D, 550, "Konto jest zablokowane" },
        { D, 550, "Skrzynka została wyłączona" },
        { F, 552, "Skrzynka odbiorcy jest przepełniona" },
        { F, 552, "Przekroczono limit pojemności skrzynki" },
        { F, 452, "W skrzynce odbiorcy brakuje miejsca" },
        { U, 554, "Twój adres IP znajduje się na czarnej liście" },
        { U, 550, "Adres nadawcy odrzucony: domena nie istnieje" },
        { U, 421, "Zbyt wiele połączeń z Twojego adresu IP" },
        { U, 452, "Zbyt wielu odbiorców" },
        { U, 550, "Przekazywanie zabronione" },
        { U, 451, "Błąd tymczasowy, spróbuj ponownie później" },
        { U, 452, "Brak miejsca na dysku serwera" },
        { U, 554, "Wiadomość została uznana za spam" }
    };

    check_all(cases);
}


static void
czech_russian_ukrainian_turkish(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 E-mailový účet, na který se pokoušíte odeslat "
                  "zprávu, neexistuje" },
        { N, 550, "Požadovaná akce nebyla provedena: schránka není "
                  "dostupná" },
        { N, 550, "Adresa příjemce odmítnuta: neznámý uživatel" },
        { N, 550, "Takový uživatel zde není" },
        { N, 550, "Schránka nebyla nalezena" },
        { N, 550, "Příjemce neexistuje" },
        { D, 550, "Účet byl zablokován" },
        { D, 550, "Schránka byla zrušena" },
        { F, 552, "Schránka příjemce je plná" },
        { F, 552, "Překročena kvóta schránky" },
        { U, 554, "Vaše IP adresa je na blacklistu" },
        { U, 550, "Adresa odesílatele odmítnuta: doména nenalezena" },
        { U, 421, "Příliš mnoho spojení z vaší IP adresy" },
        { U, 452, "Příliš mnoho příjemců" },
        { U, 550, "Předávání pošty není povoleno" },
        { U, 451, "Dočasná chyba, zkuste to prosím později" },
        { U, 452, "Nedostatek místa na serveru" },
        { U, 450, "Greylisting, zkuste to znovu za 5 minut" },
        { N, 550, "5.1.1 Аккаунт электронной почты, с которым вы "
                  "пытаетесь связаться, не существует" },
        { N, 550, "Запрошенное действие не выполнено: почтовый ящик "
                  "недоступен" },
        { N, 550, "Адрес получателя отклонен: пользователь не найден" },
        { N, 550, "Нет такого пользователя" },
        { N, 550, "Такого адреса не существует" },
        { N, 550, "Почтовый ящик с таким именем не найден" },
        { N, 550, "Получатель не существует" },
        { D, 550, "Учетная запись заблокирована" },
        { D, 550, "Почтовый ящик отключен" },
        { F, 552, "Почтовый ящик получателя переполнен" },
        { F, 552, "Превышена квота почтового ящика" },
        { F, 452, "В ящике получателя недостаточно места" },
        { U, 554, "Ваш IP-адрес находится в черном списке" },
        { U, 550, "Адрес отправителя отклонен: домен не найден" },
        { U, 421, "Слишком много соединений с вашего IP-адреса" },
        { U, 452, "Слишком много получателей" },
        { U, 550, "Пересылка почты запрещена" },
        { U, 554, "Ретрансляция запрещена" },
        { U, 451, "Временная ошибка, повторите попытку позже" },
        { U, 452, "Недостаточно места на сервере" },
        { U, 554, "Письмо отклонено как спам" },
        { U, 450, "Серый список: повторите попытку через 5 минут" },
        { N, 550, "Такого користувача не існує" },
        { N, 550, "Адресу отримувача відхилено: користувача не знайдено" },
        { N, 550, "Поштова скринька недоступна" },
        { N, 550, "Обліковий запис електронної пошти не існує" },
        { D, 550, "Обліковий запис заблоковано" },
        { D, 550, "Скриньку вимкнено" },
        { F, 552, "Поштова скринька отримувача переповнена" },
        { F, 552, "Перевищено квоту скриньки" },
        { U, 554, "Ваша IP-адреса у чорному списку" },
        { U, 550, "Адресу відправника відхилено: домен не знайдено" },
        { U, 421, "Забагато з'єднань з вашої IP-адреси" },
        { U, 550, "Пересилання заборонено" },
        { U, 451, "Тимчасова помилка, спробуйте пізніше" },
        { N, 550, "5.1.1 Ulaşmaya çalıştığınız e-posta hesabı mevcut "
                  "değil" },
        { N, 550, "İstenen işlem gerçekleştirilemedi: posta kutusu "
                  "kullanılamıyor" },
        { N, 550, "Alıcı adresi reddedildi: kullanıcı bilinmiyor" },
        { N, 550, "Böyle bir kullanıcı bulunmamaktadır" },
        { N, 550, "Bu e-posta adresi sistemde kayıtlı değil" },
        { N, 550, "Geçersiz alıcı" },
        { D, 550, "Hesap devre dışı bırakılmış" },
        { D, 550, "Hesap askıya alınmıştır" },
        { F, 552, "Alıcının posta kutusu dolu" },
        { F, 552, "Posta kutusu kotası aşıldı" },
        { U, 554, "IP adresiniz kara listede" },
        { U, 550, "Gönderen adresi reddedildi: alan adı bulunamadı" },
        { U, 421, "IP adresinizden çok fazla bağlantı" },
        { U, 452, "Çok fazla alıcı" },
        { U, 550, "Aktarma reddedildi" },
        { U, 451, "Geçici hata, lütfen daha sonra tekrar deneyin" }
    };

    check_all(cases);
}


static void
chinese_japanese_korean(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 您尝试联系的电子邮件帐号不存在" },
        { N, 550, "请求的操作未执行:邮箱不可用" },
        { N, 550, "收件人地址被拒绝:用户未知" },
        { N, 550, "收信人不存在" },
        { N, 550, "此邮箱地址不存在" },
        { N, 550, "没有此用户" },
        { D, 550, "该帐号已被停用" },
        { D, 550, "用户已被冻结" },
        { F, 552, "收件人邮箱已满" },
        { F, 552, "对方邮箱空间不足" },
        { F, 452, "收件人的收件箱存储空间不足" },
        { U, 554, "您的IP地址已被列入黑名单" },
        { U, 550, "发件人地址被拒绝:域名不存在" },
        { U, 421, "来自您IP的连接数过多" },
        { U, 452, "收件人过多" },
        { U, 550, "不允许转发" },
        { U, 451, "临时错误,请稍后再试" },
        { U, 554, "邮件被判定为垃圾邮件" },
        { N, 550, "收件者不存在" },
        { N, 550, "查無此使用者" },
        { N, 550, "郵件信箱不存在" },
        { F, 552, "收件者信箱已滿" },
        { F, 552, "信箱空間不足" },
        { D, 550, "此帳號已停用" },
        { U, 554, "您的IP已被列入黑名單" },
        { N, 550, "5.1.1 お探しのメールアカウントは存在しません" },
        { N, 550, "要求された操作は実行されませんでした: メールボックスが利用できません" },
        { N, 550, "受信者アドレスが拒否されました: ユーザーが不明です" },
        { N, 550, "宛先のメールアドレスが見つかりません" },
        { N, 550, "指定されたユーザーは存在しません" },
        { N, 550, "該当するメールボックスがありません" },
        { D, 550, "このアカウントは無効になっています" },
        { D, 550, "このメールアドレスは利用停止中です" },
        { F, 552, "受信者のメールボックスがいっぱいです" },
        { F, 552, "メールボックスの容量を超過しました" },
        { F, 452, "受信者の受信トレイの保存容量が不足しています" },
        { U, 554, "お使いのIPアドレスはブラックリストに登録されています" },
        { U, 550, "送信者アドレスが拒否されました: ドメインが見つかりません" },
        { U, 421, "接続数が多すぎます" },
        { U, 452, "受信者が多すぎます" },
        { U, 550, "中継は許可されていません" },
        { U, 451, "一時的なエラーです。しばらくしてから再度お試しください" },
        { U, 554, "迷惑メールとして拒否されました" },
        { N, 550, "5.1.1 연결하려는 이메일 계정이 존재하지 않습니다" },
        { N, 550, "요청된 작업이 수행되지 않음: 사서함을 사용할 수 없음" },
        { N, 550, "수신자 주소가 거부됨: 알 수 없는 사용자" },
        { N, 550, "존재하지 않는 계정입니다" },
        { N, 550, "해당 사용자를 찾을 수 없습니다" },
        { N, 550, "등록되지 않은 사용자입니다" },
        { D, 550, "사용 중지된 계정입니다" },
        { D, 550, "휴면 계정입니다" },
        { F, 552, "받는 사람의 메일함이 가득 찼습니다" },
        { F, 552, "메일함 용량을 초과했습니다" },
        { U, 554, "귀하의 IP 주소가 차단 목록에 있습니다" },
        { U, 550, "보낸 사람 주소가 거부됨: 도메인을 찾을 수 없음" },
        { U, 421, "연결이 너무 많습니다" },
        { U, 452, "수신자가 너무 많습니다" },
        { U, 550, "릴레이가 거부되었습니다" },
        { U, 451, "일시적인 오류입니다. 나중에 다시 시도하십시오" },
        { U, 554, "스팸으로 차단되었습니다" }
    };

    check_all(cases);
}


static void
swedish_hungarian_romanian(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 E-postkontot du försöker nå finns inte" },
        { N, 550, "Begärd åtgärd utfördes inte: brevlådan är inte "
                  "tillgänglig" },
        { N, 550, "Mottagaradressen avvisades: okänd användare" },
        { N, 550, "Det finns ingen användare med det namnet" },
        { D, 550, "Kontot är inaktiverat" },
        { F, 552, "Mottagarens inkorg är full" },
        { F, 552, "Kvoten för brevlådan har överskridits" },
        { U, 554, "Din IP-adress är svartlistad" },
        { U, 550, "Avsändaradressen avvisades: domänen hittades inte" },
        { U, 421, "För många anslutningar från din IP-adress" },
        { U, 550, "Vidarebefordran är inte tillåten" },
        { U, 451, "Tillfälligt fel, försök igen senare" },
        { N, 550, "5.1.1 Az e-mail fiók, amelyet el szeretne érni, nem "
                  "létezik" },
        { N, 550, "A kért művelet nem történt meg: a postafiók nem "
                  "érhető el" },
        { N, 550, "Címzett visszautasítva: ismeretlen felhasználó" },
        { N, 550, "Nincs ilyen felhasználó" },
        { N, 550, "A címzett nem található" },
        { D, 550, "A fiók le van tiltva" },
        { F, 552, "A címzett postafiókja megtelt" },
        { F, 552, "Túllépte a postafiók kvótáját" },
        { U, 554, "Az Ön IP-címe feketelistán van" },
        { U, 550, "Feladó címe visszautasítva: a tartomány nem található" },
        { U, 421, "Túl sok kapcsolat az Ön IP-címéről" },
        { U, 550, "A továbbítás nem engedélyezett" },
        { U, 451, "Átmeneti hiba, próbálja újra később" },
        { N, 550, "5.1.1 Contul de e-mail pe care ați încercat să îl "
                  "contactați nu există" },
        { N, 550, "Acțiunea cerută nu a fost efectuată: căsuța poștală "
                  "nu este disponibilă" },
        { N, 550, "Adresa destinatarului a fost respinsă: utilizator "
                  "necunoscut" },
        { N, 550, "Nu există niciun utilizator cu acest nume" },
        { N, 550, "Destinatarul nu a fost găsit" },
        { D, 550, "Contul a fost dezactivat" },
        { F, 552, "Căsuța poștală a destinatarului este plină" },
        { F, 552, "Cota căsuței a fost depășită" },
        { U, 554, "Adresa dvs. IP se află pe lista neagră" },
        { U, 550, "Adresa expeditorului respinsă: domeniul nu a fost "
                  "găsit" },
        { U, 421, "Prea multe conexiuni de la adresa dvs. IP" },
        { U, 550, "Retransmiterea nu este permisă" },
        { U, 451, "Eroare temporară, încercați din nou mai târziu" }
    };

    check_all(cases);
}


static void
more_of_those(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 Der angegebene Empfänger ist auf diesem System "
                  "nicht angelegt" },
        { N, 550, "Unzustellbar: Empfänger nicht vorhanden" },
        { N, 550, "Kein Postfach für diese Adresse" },
        { N, 550, "5.1.1 Ungültige Empfängeradresse" },
        { D, 550, "Das Benutzerkonto wurde vom Administrator gesperrt" },
        { F, 552, "Das Postfach hat sein Kontingent überschritten" },
        { U, 550, "Der sendende Server ist auf einer Blacklist gelistet" },
        { U, 450, "Zu viele E-Mails in kurzer Zeit empfangen" },
        { U, 554, "Nachricht wegen Virenverdacht abgelehnt" },
        { U, 451, "Der Dienst ist derzeit nicht verfügbar" },
        { U, 550, "E-Mail konnte nicht zugestellt werden" },
        { U, 550, "Authentifizierung erforderlich" },
        { U, 552, "Nachricht zu groß" },
        { U, 554, "Keine gültige Reverse-DNS-Auflösung für Ihre IP" },
        { N, 550, "5.1.1 Le destinataire demandé n'existe pas sur ce "
                  "serveur" },
        { N, 550, "Boîte inconnue" },
        { N, 550, "L'adresse du destinataire est incorrecte ou n'existe "
                  "plus" },
        { D, 550, "Compte résilié" },
        { D, 550, "Adresse suspendue" },
        { F, 552, "Boîte pleine" },
        { F, 550, "Le destinataire a dépassé son quota" },
        { U, 550, "Votre serveur n'est pas autorisé à envoyer des "
                  "messages" },
        { U, 554, "IP blacklistée" },
        { U, 550, "Message refusé : contenu suspect" },
        { U, 550, "Échec de l'authentification SPF" },
        { U, 421, "Trop de messages envoyés, réessayez plus tard" },
        { U, 550, "Adresse refusée" },
        { U, 421, "Service temporairement indisponible" },
        { N, 550, "5.1.1 La dirección de correo no existe" },
        { N, 550, "Destinatario no válido" },
        { N, 550, "El usuario no está dado de alta en el servidor" },
        { N, 550, "Cuenta inexistente" },
        { D, 550, "El buzón ha sido desactivado" },
        { F, 552, "Cuota excedida" },
        { F, 552, "Buzón lleno" },
        { U, 550, "El servidor remitente está bloqueado" },
        { U, 550, "El mensaje parece spam" },
        { U, 450, "Ha superado el límite de envíos por hora" },
        { U, 550, "No se permite el reenvío" },
        { U, 450, "El buzón está ocupado, inténtelo más tarde" },
        { U, 553, "Nombre de buzón no permitido" },
        { N, 550, "Endereço de e-mail inexistente" },
        { N, 550, "Caixa postal não existe" },
        { N, 550, "Não existe usuário com esse nome" },
        { D, 550, "Conta suspensa por falta de pagamento" },
        { F, 552, "Caixa de entrada cheia" },
        { F, 452, "Destinatário sem espaço disponível" },
        { U, 554, "Servidor remetente sem DNS reverso" },
        { U, 451, "Limite de mensagens por hora excedido" },
        { U, 554, "Mensagem bloqueada pelo antispam" }
    };

    check_all(cases);
}


static void
more_of_these(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Indirizzo e-mail non valido" },
        { N, 550, "Casella di posta inesistente" },
        { N, 550, "Il destinatario non esiste" },
        { D, 550, "Casella disabilitata" },
        { F, 552, "Casella piena" },
        { F, 552, "Quota superata" },
        { U, 554, "Server mittente in blacklist" },
        { U, 550, "Messaggio respinto: SPF non valido" },
        { U, 451, "Riprova più tardi" },
        { N, 550, "Gebruiker niet gevonden" },
        { N, 550, "Dit e-mailadres bestaat niet" },
        { D, 550, "Mailbox geblokkeerd" },
        { F, 552, "Postvak vol" },
        { U, 554, "Uw server staat op een blacklist" },
        { U, 451, "Probeer het later nog eens" },
        { N, 550, "Nie ma takiego adresu" },
        { N, 550, "Konto nie istnieje" },
        { N, 550, "Nieprawidłowy adres odbiorcy" },
        { D, 550, "Konto zawieszone" },
        { F, 552, "Skrzynka pełna" },
        { F, 552, "Przekroczona pojemność skrzynki" },
        { U, 554, "Adres IP na liście RBL" },
        { U, 450, "Przekroczono limit wysyłania" },
        { U, 554, "Wiadomość odrzucona jako spam" },
        { N, 550, "Uživatel neznámý" },
        { N, 550, "Tato e-mailová adresa neexistuje" },
        { D, 550, "Schránka je zablokovaná" },
        { F, 552, "Plná schránka" },
        { U, 554, "IP adresa je na seznamu blokovaných" },
        { N, 550, "Пользователь с таким именем не зарегистрирован" },
        { N, 550, "Неверный адрес получателя" },
        { N, 550, "Адрес электронной почты не существует" },
        { N, 550, "Ящик не найден" },
        { D, 550, "Аккаунт пользователя заблокирован" },
        { F, 552, "Ящик переполнен" },
        { F, 552, "Недостаточно свободного места в почтовом ящике "
                  "получателя" },
        { U, 550, "Отправитель заблокирован" },
        { U, 554, "IP-адрес отправителя внесен в черный список" },
        { U, 451, "Превышен лимит сообщений" },
        { U, 550, "Требуется авторизация" },
        { U, 450, "Почтовый ящик временно недоступен" },
        { N, 550, "Адресат не існує" },
        { N, 550, "Невідомий користувач" },
        { F, 552, "Скринька переповнена" },
        { N, 550, "E-posta adresi bulunamadı" },
        { N, 550, "Kullanıcı hesabı mevcut değil" },
        { D, 550, "Hesap kapatılmış" },
        { F, 552, "Alıcı kotası dolu" },
        { F, 552, "Posta kutusu dolu" },
        { U, 554, "Sunucunuz kara listede" },
        { N, 550, "收件人地址不存在" },
        { N, 550, "用户名不存在" },
        { N, 550, "目标邮箱不存在" },
        { N, 550, "该邮箱未开通" },
        { D, 550, "收件人账号被禁用" },
        { F, 552, "邮箱容量已满" },
        { F, 552, "收件人邮箱空间已满" },
        { U, 550, "发件人IP被列入黑名单" },
        { U, 450, "发送频率过高" },
        { U, 554, "疑似垃圾邮件,拒绝接收" },
        { U, 550, "收件人拒收您的邮件" },
        { N, 550, "宛先アドレスが存在しない" },
        { N, 550, "ユーザー不明" },
        { N, 550, "メールアドレスが間違っています" },
        { F, 552, "メールボックスの容量がいっぱいです" },
        { F, 552, "受信ボックスの容量オーバー" },
        { D, 550, "このアカウントは停止されています" },
        { U, 550, "受信拒否設定されています" },
        { U, 421, "送信数の上限を超えました" },
        { N, 550, "없는 사용자입니다" },
        { N, 550, "수신자 메일 주소가 존재하지 않음" },
        { F, 552, "메일박스 용량 초과" },
        { F, 552, "수신자의 메일 용량이 초과되었습니다" },
        { D, 550, "정지된 사용자" },
        { U, 550, "수신 거부됨" },
        { U, 554, "스팸 발송 IP로 차단되었습니다" },
        { N, 550, "Okänd användare" },
        { N, 550, "Adressen finns inte" },
        { F, 552, "Brevlådan är full" },
        { N, 550, "Nem létező címzett" },
        { F, 552, "A postafiók megtelt" },
        { N, 550, "Destinatar inexistent" },
        { F, 552, "Căsuța poștală este plină" },
        { N, 550, "Modtageren findes ikke" },
        { N, 550, "Brukeren finnes ikke" },
        { N, 550, "Vastaanottajaa ei löydy" },
        { N, 550, "Ο χρήστης δεν υπάρχει" },
        { N, 550, "Người nhận không tồn tại" },
        { N, 550, "Pengguna tidak ditemukan" }
    };

    check_all(cases);
}


static void
longer_sentences(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 Empfänger <jdoe@example.com> ist dem Server "
                  "nicht bekannt" },
        { N, 550, "Zu dieser Adresse existiert kein Postfach. Bitte "
                  "prüfen Sie die Schreibweise." },
        { N, 550, "Die Adresse wurde gelöscht oder hat nie existiert" },
        { D, 550, "Dieses Postfach ist seit längerer Zeit inaktiv und "
                  "wurde geschlossen" },
        { F, 552, "Mailbox des Empfängers ist voll, Nachricht kann nicht "
                  "zugestellt werden" },
        { U, 550, "Der Empfänger nimmt keine Nachrichten von externen "
                  "Absendern an" },
        { U, 550, "Ihr Mailserver wurde wegen Spamversand gesperrt" },
        { U, 550, "Empfänger-Domain wird hier nicht verwaltet" },
        { N, 550, "L'adresse e-mail du destinataire n'a pas été trouvée "
                  "sur le serveur" },
        { N, 550, "Ce compte n'existe pas ou a été supprimé" },
        { N, 550, "5.1.1 Utilisateur inconnu dans la table des boîtes "
                  "virtuelles" },
        { D, 550, "Ce compte e-mail n'est plus actif" },
        { F, 452, "La boîte du destinataire a atteint sa limite de "
                  "stockage" },
        { U, 550, "Le destinataire n'accepte que les messages de ses "
                  "contacts" },
        { U, 550, "Nous n'acceptons pas de courrier pour ce domaine" },
        { U, 554, "Connexion refusée : votre IP a mauvaise réputation" },
        { N, 550, "La dirección de correo del destinatario no se "
                  "encontró en el sistema" },
        { N, 550, "No existe una cuenta con ese nombre en este dominio" },
        { N, 550, "5.1.1 Usuario no encontrado en el directorio" },
        { D, 550, "Cuenta inactiva por falta de uso" },
        { F, 552, "El destinatario no tiene espacio suficiente en su "
                  "buzón" },
        { U, 550, "El destinatario ha bloqueado su dirección" },
        { U, 554, "Conexión rechazada: IP en lista de bloqueo" },
        { U, 550, "El dominio del destinatario no existe" },
        { N, 550, "O endereço de e-mail não foi encontrado" },
        { N, 550, "Esta conta não existe mais" },
        { D, 550, "Conta desativada pelo administrador" },
        { F, 552, "O destinatário excedeu a cota da caixa postal" },
        { U, 550, "Mensagem recusada pela política do domínio" },
        { N, 550, "L'indirizzo e-mail del destinatario non è stato "
                  "trovato" },
        { N, 550, "Nessun account con questo indirizzo" },
        { D, 550, "Account sospeso per inattività" },
        { F, 552, "La casella di posta del destinatario ha superato la "
                  "quota" },
        { U, 550, "Il server mittente è in una lista nera" },
        { N, 550, "Het opgegeven e-mailadres is bij ons niet bekend" },
        { N, 550, "Deze ontvanger kon niet gevonden worden" },
        { D, 550, "Dit e-mailaccount is opgeheven" },
        { F, 552, "De ontvanger heeft zijn quotum overschreden" },
        { N, 550, "Podany adres e-mail nie istnieje w naszym systemie" }
    };

    check_all(cases);
}


static void
longer_sentences_too(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Odbiorca o takim adresie nie został znaleziony" },
        { D, 550, "Skrzynka została zablokowana z powodu nieaktywności" },
        { F, 552, "Odbiorca przekroczył limit miejsca na skrzynce" },
        { U, 550, "Odbiorca nie przyjmuje wiadomości od nieznanych "
                  "nadawców" },
        { N, 550, "Adresa příjemce na tomto serveru neexistuje" },
        { N, 550, "Uživatel s tímto jménem nebyl nalezen" },
        { F, 552, "Příjemce má plnou schránku" },
        { N, 550, "Указанный адрес электронной почты не найден на сервере" },
        { N, 550, "Пользователь с указанным адресом не существует или "
                  "удален" },
        { D, 550, "Почтовый ящик заблокирован за неактивность" },
        { F, 552, "У получателя закончилось место в почтовом ящике" },
        { U, 550, "Получатель не принимает письма от неизвестных "
                  "отправителей" },
        { U, 554, "Ваш сервер заблокирован за рассылку спама" },
        { N, 550, "Вказаної адреси не існує" },
        { F, 552, "У скриньці отримувача немає місця" },
        { N, 550, "Belirtilen e-posta adresi sunucuda bulunamadı" },
        { D, 550, "Bu posta kutusu kullanıma kapatılmıştır" },
        { F, 552, "Alıcının kotası aşıldı" },
        { N, 550, "您所发送的收件人地址不存在,请核对后重新发送" },
        { N, 550, "对方邮箱不存在或已被注销" },
        { D, 550, "该用户长期未登录,邮箱已被冻结" },
        { F, 552, "对方邮箱容量不足,无法接收邮件" },
        { U, 550, "对方已将您加入黑名单" },
        { N, 550, "指定されたメールアドレスは登録されていません" },
        { N, 550, "宛先のアドレスが間違っているか、存在しません" },
        { F, 552, "相手先のメールボックスが容量オーバーです" },
        { D, 550, "このアドレスは現在使われておりません" },
        { U, 550, "ドメイン指定受信により拒否されました" },
        { N, 550, "입력하신 이메일 주소는 등록되어 있지 않습니다" },
        { N, 550, "수신자를 찾을 수 없습니다" },
        { F, 552, "상대방의 메일함 용량이 부족합니다" },
        { D, 550, "장기 미사용으로 휴면 처리된 계정입니다" },
        { N, 550, "Mottagaren kunde inte hittas på servern" },
        { D, 550, "Kontot är stängt" },
        { F, 552, "Mottagarens brevlåda är full" },
        { N, 550, "A megadott e-mail cím nem létezik" },
        { F, 552, "A címzett postaládája megtelt" },
        { N, 550, "Adresa de e-mail specificată nu există" },
        { D, 550, "Contul a fost suspendat" },
        { F, 552, "Destinatarul a depășit cota" }
    };

    check_all(cases);
}


/* the texts of RFC 5321, section 4.2.3, as servers translate them */

static void
unavailable_as_the_standard_says(void **state)
{
    static const case_t  cases[] = {
        { N, 550, "Angeforderte Aktion nicht ausgeführt: Postfach nicht "
                  "verfügbar" },
        { N, 550, "Die angeforderte Aktion wurde nicht ausgeführt: Das "
                  "Postfach ist nicht verfügbar" },
        { N, 550, "Action demandée non effectuée : boîte aux lettres "
                  "indisponible" },
        { N, 550, "L'action demandée n'a pas été effectuée : la boîte aux "
                  "lettres n'est pas disponible" },
        { N, 550, "Acción solicitada no realizada: buzón no disponible" },
        { N, 550, "No se realizó la acción solicitada: el buzón de correo no "
                  "está disponible" },
        { N, 550, "La acción solicitada no se llevó a cabo: buzón de correo "
                  "no disponible" },
        { N, 550, "Ação solicitada não realizada: caixa postal indisponível" },
        { N, 550, "A ação solicitada não foi executada: caixa de correio não "
                  "disponível" },
        { N, 550, "Azione richiesta non eseguita: casella di posta non "
                  "disponibile" },
        { N, 550, "Azione richiesta non intrapresa: la casella postale non è "
                  "disponibile" },
        { N, 550, "Gevraagde actie niet uitgevoerd: mailbox niet beschikbaar" },
        { N, 550, "De gevraagde actie is niet uitgevoerd: postvak "
                  "onbeschikbaar" },
        { N, 550, "Żądana operacja nie została wykonana: skrzynka pocztowa "
                  "niedostępna" },
        { N, 550, "Nie podjęto żądanej akcji: skrzynka jest niedostępna" },
        { N, 550, "Запрошенное действие не выполнено: почтовый ящик "
                  "недоступен" },
        { N, 550, "Требуемое действие не выполнено: ящик недоступен" },
        { N, 550, "Запитану дію не виконано: поштова скринька недоступна" },
        { N, 550, "Požadovaná akce nebyla provedena: poštovní schránka není "
                  "k dispozici" },
        { N, 550, "Požadovaná operace neprovedena: schránka nedostupná" },
        { N, 550, "Begärd åtgärd utfördes inte: brevlådan är "
                  "inte tillgänglig" },
        { N, 550, "Begärd åtgärd vidtogs inte: brevlådan är otillgänglig" },
        { N, 550, "Den ønskede handling blev ikke udført: postkassen er ikke "
                  "tilgængelig" },
        { N, 550, "Forespurt handling ikke utført: postboksen er "
                  "utilgjengelig" },
        { N, 550, "Pyydettyä toimintoa ei suoritettu: postilaatikko ei ole "
                  "käytettävissä" },
        { N, 550, "A kért művelet nem hajtható végre: a postafiók nem érhető "
                  "el" },
        { N, 550, "A kért műveletet nem hajtottuk végre: a postafiók nem "
                  "elérhető" },
        { N, 550, "Acțiunea solicitată nu a fost efectuată: căsuța poștală "
                  "nu este disponibilă" },
        { N, 550, "Acțiunea cerută nu a fost executată: căsuță poștală "
                  "indisponibilă" },
        { N, 550, "İstenen işlem yapılmadı: posta kutusu kullanılamıyor" },
        { N, 550, "İstenen eylem gerçekleştirilmedi: posta kutusu mevcut "
                  "değil" },
        { N, 550, "请求的操作未执行：邮箱不可用" },
        { N, 550, "未执行请求的操作：邮箱不可用" },
        { N, 550, "要求されたアクションは実行されませんでした：メールボックスは利用できません" },
        { N, 550, "요청한 작업이 수행되지 않았습니다: 사서함을 사용할 수 없습니다" },
        { N, 550, "요청된 동작을 수행할 수 없음: 메일박스를 사용할 수 없음" },
        { N, 550, "Исканото действие не е изпълнено: пощенската кутия е "
                  "недостъпна" }
    };

    check_all(cases);
}


static void
other_texts_of_the_standard(void **state)
{
    static const case_t  cases[] = {
        { F, 552, "Angeforderte Aktion abgebrochen: Speicherplatz "
                  "überschritten" },
        { F, 552, "Action demandée abandonnée : espace de stockage dépassé" },
        { F, 552, "L'action demandée a été interrompue : allocation de "
                  "stockage dépassée" },
        { F, 552, "Acción solicitada abortada: se excedió la asignación de "
                  "almacenamiento" },
        { F, 552, "Acción de correo solicitada cancelada: almacenamiento "
                  "asignado excedido" },
        { F, 552, "Ação de correio solicitada cancelada: alocação de "
                  "armazenamento excedida" },
        { F, 552, "Azione richiesta interrotta: spazio di archiviazione "
                  "superato" },
        { F, 552, "Gevraagde mailactie afgebroken: opslagruimte overschreden" },
        { F, 552, "Żądana akcja przerwana: przekroczony limit miejsca" },
        { F, 552, "Запрошенное действие прервано: превышен объем хранилища" },
        { F, 552, "Запитану дію перервано: перевищено обсяг сховища" },
        { F, 552, "Požadovaná akce přerušena: překročena kapacita úložiště" },
        { F, 552, "Begärd åtgärd avbröts: lagringsutrymmet överskridet" },
        { F, 552, "Den ønskede handling blev afbrudt: lagerpladsen er "
                  "overskredet" },
        { F, 552, "İstenen işlem iptal edildi: depolama alanı aşıldı" },
        { F, 552, "请求的邮件操作中止：超出存储分配" },
        { F, 552, "요청한 메일 작업이 중단되었습니다: 저장 공간 할당량을 초과했습니다" },
        { U, 553, "Angeforderte Aktion nicht ausgeführt: Postfachname nicht "
                  "zulässig" },
        { U, 553, "Action demandée non effectuée : nom de boîte aux lettres "
                  "non autorisé" },
        { U, 553, "Acción solicitada no realizada: nombre de buzón no "
                  "permitido" },
        { U, 553, "Ação solicitada não realizada: nome da caixa postal não "
                  "permitido" },
        { U, 553, "Azione richiesta non eseguita: nome della casella non "
                  "consentito" },
        { U, 553, "Żądana operacja nie została wykonana: nazwa skrzynki "
                  "niedozwolona" },
        { U, 553, "Запрошенное действие не выполнено: недопустимое имя "
                  "почтового ящика" },
        { U, 553, "请求的操作未执行：邮箱名不允许" },
        { U, 553, "要求されたアクションは実行されませんでした：メールボックス名は許可されていません" },
        { U, 553, "요청한 작업이 수행되지 않았습니다: 사서함 이름이 허용되지 않습니다" },
        { N, 551, "Utilisateur non local, veuillez essayer <forward-path>" },
        { N, 551, "Usuario no local; intente <forward-path>" },
        { N, 551, "Usuário não local; tente <forward-path>" },
        { N, 551, "Utente non locale; provare <forward-path>" },
        { N, 551, "Пользователь не является локальным; попробуйте "
                  "<forward-path>" },
        { U, 450, "Angeforderte Aktion nicht ausgeführt: Postfach nicht "
                  "verfügbar" },
        { U, 451, "Angeforderte Aktion abgebrochen: lokaler Fehler bei der "
                  "Verarbeitung" },
        { U, 451, "Action demandée abandonnée : erreur locale de traitement" },
        { U, 451, "Acción solicitada abortada: error local en el "
                  "procesamiento" },
        { U, 451, "Запрошенное действие прервано: локальная ошибка обработки" },
        { U, 451, "请求的操作中止：处理中发生本地错误" },
        { U, 452, "Angeforderte Aktion nicht ausgeführt: zu wenig "
                  "Systemspeicher" },
        { U, 452, "Action demandée non effectuée : espace système "
                  "insuffisant" },
        { U, 452, "Acción solicitada no realizada: almacenamiento "
                  "insuficiente en el sistema" },
        { U, 452, "Запрошенное действие не выполнено: недостаточно места в "
                  "системе" },
        { U, 452, "请求的操作未执行：系统存储不足" },
        { U, 554, "Transaktion fehlgeschlagen" },
        { U, 554, "La transaction a échoué" },
        { U, 554, "Транзакция не удалась" }
    };

    check_all(cases);
}


static int
setup(void **state)
{
    rules = sv_rules_default();

    return rules == NULL;
}


static int
teardown(void **state)
{
    sv_rules_free(rules);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(german_french_spanish),
        cmocka_unit_test(portuguese_italian_dutch_polish),
        cmocka_unit_test(czech_russian_ukrainian_turkish),
        cmocka_unit_test(chinese_japanese_korean),
        cmocka_unit_test(swedish_hungarian_romanian),
        cmocka_unit_test(more_of_those),
        cmocka_unit_test(more_of_these),
        cmocka_unit_test(longer_sentences),
        cmocka_unit_test(longer_sentences_too),
        cmocka_unit_test(unavailable_as_the_standard_says),
        cmocka_unit_test(other_texts_of_the_standard)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
