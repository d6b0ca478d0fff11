import type { Language } from "../types";

const messages: Language["messages"] = {
  "nav.label": "Seiten",
  "nav.live": "Live",
  "nav.about": "Über",
  "nav.settings": "Optionen",
  "nav.help": "Hilfe",
  "nav.skip": "Zum Inhalt springen",

  "settings.title": "Optionen",
  "settings.language": "Sprache",
  "settings.auto": "Wie der Browser",
  "settings.theme": "Farben",
  "settings.theme.auto": "Wie das Gerät",
  "settings.theme.light": "Hell",
  "settings.theme.dark": "Dunkel",
  "settings.mirrored": "Meine Kamera wie im Spiegel zeigen",
  "settings.mirrored.note": "Gespiegelt wird nur die Anzeige, nie das, was ausgewertet wird.",
  "dialog.close": "Schließen",

  "help.title": "Tasten",
  "help.pause": "Anhalten oder fortsetzen",
  "help.fullscreen": "Vollbild",
  "help.help": "Diese Hilfe",
  "help.space": "Leertaste",

  "welcome.title": "Sehen, was ein Gesicht ausdrückt",
  "welcome.what": "Mien sucht Gesichter und liest ihren Ausdruck, viele Male in der Sekunde.",
  "welcome.where.here": "Die Bilder werden auf diesem Computer ausgewertet und verlassen ihn nicht.",
  "welcome.where.server": "Die Bilder werden an {host} gesendet und dort ausgewertet.",
  "welcome.kept": "Keines wird aufbewahrt, und niemand wird identifiziert.",
  "welcome.camera": "Meine Kamera nutzen",
  "welcome.file": "Video oder Foto öffnen",
  "welcome.demo": "Demo ansehen",
  "welcome.drop": "Oder eine Datei hierher ziehen.",
  "drop.here": "Video oder Foto hier ablegen",

  "source.camera": "Kamera",
  "source.noCamera": "Keine Kamera",
  "source.cameraNumber": "Kamera {number}",
  "source.choose": "Kamera wählen",
  "source.file": "Datei",
  "source.demo": "Demo",
  "source.demoMark": "Demo",
  "source.demoCredit": "Eileen Collins, NASA, gemeinfrei",
  "source.photoMark": "Foto",
  "source.videoMark": "Video",

  "action.start": "Starten",
  "action.stop": "Beenden",
  "action.pause": "Anhalten",
  "action.resume": "Fortsetzen",
  "action.reset": "Von vorn",
  "action.fullscreen": "Vollbild",
  "action.mirror": "Spiegeln",
  "action.retry": "Erneut versuchen",
  "action.back": "Zurück",
  "action.seek": "Stelle im Video",
  "action.toolbar": "Quelle und Wiedergabe",

  "state.opening.camera": "Warten auf die Kamera",
  "state.opening.camera.note": "Wenn der Browser fragt, bitte „Zulassen“ wählen.",
  "state.opening.file": "Die Datei wird geöffnet",
  "state.connecting": "Verbindung wird aufgebaut",
  "state.loading": "Die Modelle werden geladen",
  "state.reconnecting": "Verbindung verloren. Neuer Versuch läuft",
  "state.unavailable": "{message}. Neuer Versuch läuft",
  "state.busy": "Server ausgelastet",
  "state.noFace": "Kein Gesicht im Bild",
  "state.paused": "Angehalten",
  "state.refused": "Das Bild wurde abgelehnt: {message}",

  "key.title": "Dieser Server verlangt einen Schlüssel",
  "key.text": "Wer {host} betreibt, kann einen ausgeben. Er liegt in einem Cookie, das Skripte nicht lesen können.",
  "key.enter": "Schlüssel eingeben",

  "trouble.denied.title": "Die Kamera ist für diese Seite gesperrt",
  "trouble.denied.chromium":
    "Auf das Symbol links neben der Adresse klicken, „Kamera“ auf „Zulassen“ stellen, dann „Erneut versuchen“ wählen.",
  "trouble.denied.firefox":
    "Auf die durchgestrichene Kamera links neben der Adresse klicken, die Sperre entfernen, dann „Erneut versuchen“ wählen.",
  "trouble.denied.safari":
    "Safari › Einstellungen › Websites › Kamera öffnen, diese Seite auf „Erlauben“ stellen, dann „Erneut versuchen“ wählen.",
  "trouble.denied.ios":
    "Neben der Adresse auf „aA“ (oder das Seitensymbol) › Website-Einstellungen › Kamera › „Erlauben“ tippen, dann erneut versuchen.",
  "trouble.denied.other":
    "Die Kamera für diese Seite in den Einstellungen des Browsers zulassen, dann „Erneut versuchen“ wählen.",
  "trouble.denied.system":
    "Bleibt sie gesperrt: in den Datenschutz-Einstellungen des Computers prüfen, ob der Browser die Kamera nutzen darf.",
  "trouble.missing.title": "Keine Kamera gefunden",
  "trouble.missing.text": "Eine anschließen oder einschalten; sie startet von selbst, sobald der Browser sie sieht.",
  "trouble.unplugged.title": "Die Kamera wurde getrennt",
  "trouble.unplugged.text": "Wieder anschließen; sie startet von selbst. Oder unten eine andere wählen.",
  "trouble.busy.title": "Die Kamera wird anderswo benutzt",
  "trouble.busy.text":
    "Das andere Programm oder den anderen Tab schließen (vielleicht ein Videogespräch), dann „Erneut versuchen“ wählen.",
  "trouble.insecure.title": "Unter dieser Adresse gibt der Browser keine Kamera frei",
  "trouble.insecure.text":
    "Kameras gehen nur auf https://-Seiten und am Computer selbst. Mien über https öffnen oder an dem Computer, auf dem es läuft, unter {address}. Dateien und die Demo gehen auch hier.",
  "trouble.other.title": "Die Kamera ist nicht gestartet",
  "trouble.other.text": "Der Browser meldet: „{detail}“. Eine andere Kamera versuchen oder den Browser neu starten.",
  "trouble.unreadable.title": "{name} ist nicht lesbar",
  "trouble.unreadable.text":
    "Dieser Browser kennt das Format nicht, oder die Datei ist beschädigt. Als JPEG, PNG oder WebP speichern, oder als MP4 oder WebM.",
  "trouble.demo.title": "Das Demobild wurde nicht geladen",
  "trouble.demo.text": "Der Server hat nicht geantwortet. Prüfen, ob er läuft, dann „Erneut versuchen“ wählen.",

  "people.title": "Personen",
  "people.none": "Noch niemand",
  "people.none.idle": "Jedes Gesicht im Bild bekommt hier eine Zeile.",
  "people.none.running": "Ein Gesicht ins Bild bringen: von vorn, bei gutem Licht.",
  "people.face": "Gesicht {number}",
  "people.gone": "Nicht mehr im Bild",
  "people.noEmotion": "Gesicht gefunden",
  "people.show": "Verlauf von Gesicht {number} zeigen",

  "why.hint": "Auf einem Gesicht verweilen zeigt, was für seinen Ausdruck sprach.",
  "why.asking": "Es wird gesucht, was dafür sprach",
  "why.shown": "Warum {label}?",
  "why.for": "sprach dafür",
  "why.against": "dagegen",
  "why.limit": "Ein Hinweis, keine Ursache",
  "why.map": "Wärmebild über Gesicht {number}: was für {label} sprach und was dagegen",
  "why.absent": "Dieses Gesicht fand sich bei genauerem Hinsehen nicht wieder",
  "why.failed": "Keine Erklärung: {message}",

  "chart.title": "Letzte 60 Sekunden",
  "chart.of": "Gesicht {number}, letzte 60 Sekunden",
  "chart.label":
    "Wahrscheinlichkeiten der acht Ausdrücke in den letzten 60 Sekunden; die Zahlen stehen in der Tabelle.",
  "chart.empty": "Hier wird der Ausdruck des gewählten Gesichts im Verlauf gezeichnet.",
  "chart.photo": "Ein Foto ist ein Augenblick: es gibt keinen Verlauf zu zeichnen.",
  "chart.now": "jetzt",
  "chart.tab": "Verlauf",
  "table.caption": "Ausdruck von Gesicht {number}",
  "table.expression": "Ausdruck",
  "table.now": "Jetzt",
  "table.mean": "Mittel 60 s",

  "badge.sent": "{count} gesendet",
  "badge.read": "{count} gelesen",
  "badge.dropped": "{count} verworfen",
  "badge.latency": "{count} ms",
  "badge.busy": "Server ausgelastet",
  "badge.label": "Bilder je Sekunde und Verzögerung",
  "badge.note":
    "Je Sekunde: gesendete Bilder, gelesene Ergebnisse, Bilder, die übergangen wurden, weil ein neueres da war. Dann die Zeit vom Bild zum Ergebnis.",

  "emotion.neutral": "neutral",
  "emotion.happiness": "Freude",
  "emotion.surprise": "Überraschung",
  "emotion.sadness": "Trauer",
  "emotion.anger": "Ärger",
  "emotion.disgust": "Ekel",
  "emotion.fear": "Angst",
  "emotion.contempt": "Verachtung",
  "emotion.uncertain": "Unsicher",
  "emotion.uncertainBetween": "Unsicher: {label}?",
  "announce.face": "Gesicht {number}: {label}, {percent}",
  "announce.none": "Kein Gesicht",

  "about.title": "Über Mien",
  "about.lead":
    "Mien liest Gesichtsausdrücke in Bildern, Videos und Live-Kameras, in Echtzeit, auf einem gewöhnlichen Computer.",
  "about.does.title": "Was es tut",
  "about.does.1": "Es findet Gesichter, folgt jedem einzelnen und gibt acht Wahrscheinlichkeiten an: {emotions}.",
  "about.does.2":
    "Die Wahrscheinlichkeiten sind an Bildern abgestimmt, die zehn Menschen beurteilt haben: 70 % soll heißen, dass etwa sieben von zehn zustimmen würden.",
  "about.does.3": "Lässt das Bild keine Antwort zu, sagt es „unsicher“.",
  "about.privacy.title": "Datenschutz",
  "about.privacy.here": "Bilder werden auf diesem Computer ausgewertet und verlassen ihn zu keiner Zeit.",
  "about.privacy.server": "Bilder werden an {host} gesendet, dort im Arbeitsspeicher ausgewertet und nicht aufbewahrt.",
  "about.privacy.1":
    "Gespeichert wird nichts: keine Bilder, keine Gesichter, keine Ergebnisse. Mit der Seite ist alles weg.",
  "about.privacy.2":
    "Niemand wird identifiziert oder wiedererkannt. Die Nummern an den Gesichtern unterscheiden nur Personen im selben Bild.",
  "about.privacy.3": "Die Kamera ist aus, bis sie gestartet wird, und geht aus, wenn die Live-Seite verlassen wird.",
  "about.limits.title": "Grenzen",
  "about.limits.1":
    "Ein Ausdruck ist, was ein Gesicht zeigt, nie, was jemand fühlt: Menschen lächeln aus Höflichkeit und runzeln die Stirn beim Denken.",
  "about.limits.2":
    "Weniger sicher ist es bei kleinen, dunklen, abgewandten oder verdeckten Gesichtern, bei Kindern und bei Gesichtern, die denen aus dem Training wenig gleichen.",
  "about.limits.3":
    "Nicht über Menschen damit entscheiden. Die Emotionen von Beschäftigten, Schülern oder Studierenden zu lesen, ist in der Europäischen Union verboten (KI-Verordnung, Artikel 5 Absatz 1 Buchstabe f).",
  "about.licence.title": "Lizenz",
  "about.licence.1": "Mien und seine Modelle sind freie Software unter der Apache-Lizenz 2.0.",
  "about.licence.2": "Das Demobild zeigt die Astronautin Eileen Collins (Foto: NASA, gemeinfrei).",
  "about.api": "Programmierschnittstelle",

  "error.title": "Diese Seite funktioniert nicht mehr",
  "error.text": "Ein Fehler in der Seite selbst: „{detail}“. Neu laden; kommt er wieder, bitte melden.",
  "error.reload": "Neu laden",
};

export default { code: "de", name: "Deutsch", messages } satisfies Language;
